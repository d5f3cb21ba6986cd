import { describe, expect, it } from 'vitest';
import {
  deadLetterExchange,
  deadLetterQueue,
  isBrokerHeader,
  isReservedHeader,
  replyQueue,
} from '../../src/protocol/names.js';

describe('names', () => {
  it('carry the prefix of the app', () => {
    expect([deadLetterExchange('stage.'), replyQueue('stage.', 'c1'), deadLetterQueue('stage.math')]).toEqual([
      'stage.tq.dead',
      'stage.tq.reply.c1',
      'stage.math.dead',
    ]);
  });

  it.each(['x-death', 'x-delivery-count', 'x-first-death-reason', 'x-last-death-queue', 'CC', 'BCC'])(
    '%s is the broker’s, and no user’s',
    (name) => {
      expect([isBrokerHeader(name), isReservedHeader(name)]).toEqual([true, true]);
    },
  );

  it.each(['task', 'id', 'eta', 'expires', 'stamps', 'meth', 'compression', 'tq-lost', 'tq-anything'])(
    '%s is the protocol’s, and stays in a copy',
    (name) => {
      expect([isBrokerHeader(name), isReservedHeader(name)]).toEqual([false, true]);
    },
  );

  it.each(['custom', 'x-mine', 'Task', 'cc', 'constructor', 'toString'])('%s is free', (name) => {
    expect([isBrokerHeader(name), isReservedHeader(name)]).toEqual([false, false]);
  });
});
