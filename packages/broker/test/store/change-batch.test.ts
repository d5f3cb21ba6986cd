import { expect, it } from 'vitest';
import { ChangeBatch } from '../../src/store/change-batch.js';
import { stored } from './scene.js';

/** What a batch writes, one line a row. */
function writes(batch: ChangeBatch): readonly string[] {
  const lines: string[] = [];
  batch.writeTo(
    {
      put: (key, value) => lines.push(`put ${key} ${value}`),
      remove: (key) => lines.push(`remove ${key}`),
      putMessage: (queueId, position, { message }) =>
        lines.push(`message ${queueId}/${position} ${message.content.bytes}`),
      removeMessage: (queueId, position) => lines.push(`remove ${queueId}/${position}`),
    },
    (queueId, priority, position) => lines.push(`delivered ${queueId} ${priority} ${position}`),
  );
  return lines;
}

it('writes nothing for a message that came and went', () => {
  const batch = new ChangeBatch();
  batch.putMessage(1, 0, stored('a'));
  batch.removeMessage(1, 0);
  expect(batch.hasChanges).toBe(false);
  expect(writes(batch)).toEqual([]);
});

it('removes a message that an earlier batch may have written', () => {
  const batch = new ChangeBatch();
  batch.removeMessage(1, 0);
  batch.putMessage(1, 1, stored('given back', { deliveryCount: 1 }));
  batch.removeMessage(1, 1);
  batch.removeMessage(1, 2);
  batch.putMessage(1, 2, stored('in its place'));
  batch.removeMessage(1, 2);
  expect(writes(batch)).toEqual(['remove 1/0', 'remove 1/1', 'remove 1/2']);
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
  expect(writes(batch)).toEqual(['put key 2', 'message 1/5 second', 'delivered 1 0 5']);
});

it('sweeps no message that is newer than the sweep', () => {
  const batch = new ChangeBatch();
  batch.putMessage(1, 0, stored('new'));
  batch.sweepMessage(1, 0);
  batch.sweepMessage(1, 1);
  expect(writes(batch)).toEqual(['message 1/0 new', 'remove 1/1']);
});

it('forgets the changes of a queue that is purged or deleted', () => {
  const batch = new ChangeBatch();
  for (const queueId of [1, 2, 3]) {
    batch.putMessage(queueId, 0, stored('a'));
    batch.putDelivered(queueId, 0, 0);
  }
  batch.dropMessages(1);
  batch.dropQueue(2);
  expect(writes(batch)).toEqual(['delivered 1 0 0', 'message 3/0 a', 'delivered 3 0 0']);
});
