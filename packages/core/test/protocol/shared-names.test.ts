import { expect, it } from 'vitest';
import {
  broadcastExchange,
  everybodyQueue,
  everybodyStem,
  groupQueue,
  isSharedName,
  sharedNameOf,
} from '../../src/protocol/names.js';

const WORKER = '0198c0de-4c1a-7d3e-9f00-5b6d2f1e8a77';
const PREFIX = 'prod.';

it.each([broadcastExchange(PREFIX), everybodyStem(PREFIX, 'orders.*'), everybodyStem(PREFIX, 'a/b?c=1')])(
  'the queue that a worker has of %s tells what all workers call it',
  (name) => {
    expect(sharedNameOf(PREFIX, everybodyQueue(name, WORKER))).toBe(name);
    expect(isSharedName(PREFIX, name)).toBe(true);
    expect(isSharedName(PREFIX, everybodyQueue(name, WORKER))).toBe(false);
    expect(sharedNameOf(PREFIX, name)).toBeUndefined();
  },
);

it.each([
  ...['tq', 'prod.tq', `prod.mail.${WORKER}`, `tq.broadcast.all.${WORKER}`],
  ...[groupQueue(PREFIX, 'billing', WORKER), 'prod.tq.broadcast.all.dead'],
])('%s is a queue as any other', (queue) => {
  expect(sharedNameOf(PREFIX, queue)).toBeUndefined();
  expect(isSharedName(PREFIX, queue)).toBe(false);
});
