import { expect, it } from 'vitest';
import { ChangeBatch } from '../../src/store/change-batch.js';
import { stored, writes } from './scene.js';

it('writes nothing for a message that came and went', () => {
  const batch = new ChangeBatch();
  batch.putMessage(1, 0, stored('a'));
  batch.removeMessage(0);
  expect(batch.hasChanges).toBe(false);
  expect(writes(batch)).toEqual([]);
});

it('removes a message that an earlier batch may have written', () => {
  const batch = new ChangeBatch();
  batch.removeMessage(0);
  batch.putMessage(1, 1, stored('given back', { deliveryCount: 1 }));
  batch.removeMessage(1);
  expect(writes(batch)).toEqual(['remove 0', 'remove 1']);
});

it('writes the last of several changes to a row', () => {
  const batch = new ChangeBatch();
  const key = Buffer.from('key');
  batch.put(key, Buffer.from('1'));
  batch.remove(key);
  batch.put(key, Buffer.from('2'));
  batch.putMessage(1, 5, stored('first'));
  batch.putMessage(1, 5, stored('second', { deliveryCount: 1 }));
  batch.putDelivered(1, 0, 4);
  batch.putDelivered(1, 0, 5);
  expect(writes(batch)).toEqual(['put key 2', 'message 1/5 second', 'delivered 1 p0 5']);
});

it('forgets the deliveries of a queue that is deleted', () => {
  const batch = new ChangeBatch();
  for (const queueId of [1, 2]) batch.putDelivered(queueId, 0, 5);
  batch.dropDelivered(1);
  expect(writes(batch)).toEqual(['delivered 2 p0 5']);
});

it('is large with many changes, or with many bytes', () => {
  const many = new ChangeBatch();
  for (let position = 0; position < 3_999; position++) many.removeMessage(position);
  expect(many.isLarge).toBe(false);
  many.remove(Buffer.from('key'));
  expect(many.isLarge).toBe(true);
  const heavy = new ChangeBatch();
  heavy.putMessage(1, 0, stored('x'.repeat(4 * 1024 * 1024)));
  expect(heavy.isLarge).toBe(true);
});
