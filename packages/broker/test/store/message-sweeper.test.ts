import { expect, it } from 'vitest';
import { ChangeBatch } from '../../src/store/change-batch.js';
import { MessageSweeper } from '../../src/store/message-sweeper.js';
import { stored, writes } from './scene.js';

/** What the sweeper adds to one batch. */
function step(sweeper: MessageSweeper, batch = new ChangeBatch()): readonly string[] {
  sweeper.addTo(batch);
  return writes(batch);
}

function positions(count: number, from = 0): readonly number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

it('removes messages some with each batch, and what is to be done at the end with the last of them', () => {
  const sweeper = new MessageSweeper();
  sweeper.sweep(positions(2_500), (batch) => batch.remove(Buffer.from('mark')));
  expect(step(sweeper)).toEqual(positions(1_000).map((position) => `remove ${position}`));
  expect(step(sweeper)).toHaveLength(1_000);
  expect(sweeper.isBusy).toBe(true);
  const last = step(sweeper);
  expect([last.length, last[0], last.at(-1)]).toEqual([501, 'remove mark', 'remove 2499']);
  expect(sweeper.isBusy).toBe(false);
});

it('goes on with the next ones in the same batch, in the order of the calls', () => {
  const sweeper = new MessageSweeper();
  const order: string[] = [];
  for (const name of ['a', 'b']) sweeper.sweep(positions(600, name === 'a' ? 0 : 600), () => order.push(name));
  expect(step(sweeper)).toHaveLength(999);
  expect(order).toEqual(['a']);
  expect(step(sweeper)).toHaveLength(201);
  expect(order).toEqual(['a', 'b']);
});

it('does not end any number of empty queues in one batch', () => {
  const sweeper = new MessageSweeper();
  for (const position of positions(2_500)) sweeper.sweep([], (batch) => batch.remove(Buffer.from(`${position}`)));
  expect(step(sweeper)).toHaveLength(1_000);
});

it('leaves no trace of a message that is not on disk yet', () => {
  const sweeper = new MessageSweeper();
  const batch = new ChangeBatch();
  batch.putMessage(1, 7, stored('a'));
  sweeper.sweep([7], () => {});
  expect(step(sweeper, batch)).toEqual([]);
});
