import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope } from '../../src/protocol/envelope.js';
import { encodeError } from '../../src/protocol/error-codec.js';
import { decodeTaskAddress } from '../../src/protocol/task-address.js';
import { decodeBody } from '../../src/protocol/task-body.js';
import { failureCallId, failureEnvelope } from '../../src/protocol/task-failure.js';
import { inbound } from './inbound.js';

const ADDRESS = { task: 'clean', queue: 'q' };
const FAILED = {
  message: { id: 'i1', task: 'fib', rootId: 'r1', retries: 2, replyTo: undefined, bodyText: '[[],{},{}]' },
  queue: 'p.math',
  reason: 'failed' as const,
  failure: encodeError(new RangeError('too big')),
};

it('tells which task failed for good, where, when, and with what', () => {
  const envelope = failureEnvelope(ADDRESS, FAILED, 'tq');
  expect(envelope).toMatchObject({ task: 'clean', rootId: 'r1', parentId: 'i1', ignoreResult: true });
  expect(decodeBody(envelope.bodyText).args).toEqual([
    {
      id: 'i1',
      task: 'fib',
      queue: 'p.math',
      attempt: 3,
      reason: 'failed',
      error: { name: 'RangeError', message: 'too big', stack: expect.stringContaining('RangeError: too big') },
    },
  ]);
});

it('leaves a stack out that nobody knows', () => {
  const failure = { ...FAILED.failure, traceback: null };
  const { bodyText } = failureEnvelope(ADDRESS, { ...FAILED, failure }, 'celery');
  expect(decodeBody(bodyText).args).toMatchObject([{ error: { name: 'RangeError', message: 'too big' } }]);
  expect(bodyText).not.toContain('stack');
});

it('has an id that is the same for the same task only', () => {
  expect(failureEnvelope(ADDRESS, FAILED, 'tq').id).toBe(failureCallId('i1'));
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(failureCallId(one)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(failureCallId(one) === failureCallId(other)).toBe(one === other);
    }),
  );
});

it('what a call wants to be called after its failure crosses as a header', () => {
  const call = { id: 'i1', task: 'fib', rootId: 'i1', parentId: undefined, priority: undefined, ignoreResult: false };
  const { properties, body } = encodeEnvelope(
    { ...call, headers: undefined, onFailure: ADDRESS, bodyText: '[[],{},{}]' },
    undefined,
  );
  expect(properties.headers).toMatchObject({ 'tq-on-failure': ADDRESS });
  const message = { properties, body, exchange: '', routingKey: 'q', redelivered: false };
  expect(decodeEnvelope(message)).toMatchObject({ onFailure: ADDRESS, headers: {} });
});

it.each(['clean', 7, [], { task: 'clean' }, { task: '', queue: 'q' }, { task: 'clean', queue: 'q'.repeat(256) }])(
  'a header %j is no address, and the message is poison',
  (value) => {
    expect(decodeTaskAddress(value)).toBeUndefined();
    const message = inbound({}, { 'tq-on-failure': value });
    expect(() => decodeEnvelope(message)).toThrow(expect.objectContaining({ code: 'poison' }));
  },
);

it('makes the id of the call for a foreign message of all that tells it from others, since programs use ids again', () => {
  const said = { exchange: '', routingKey: 'q', messageId: 'm1', correlationId: 'c1', headers: {} };
  const message = { ...FAILED.message, replyTo: 'replies', bodyText: '1' };
  const idOf = (more: object = {}, queue = 'q') => {
    const foreign = { format: 'json', message: { ...said, ...more } } as const;
    return failureEnvelope(ADDRESS, { ...FAILED, queue, message: { ...message, ...more, foreign } }, 'tq').id;
  };
  // The run's id is another one where that of the message was in use.
  expect(idOf({ id: 'other' })).toBe(idOf());
  const others = [
    { messageId: 'm2' },
    { correlationId: 'c2' },
    { replyTo: 'r2' },
    { bodyText: '2' },
    { timestamp: new Date(1_000) },
  ];
  expect(new Set([idOf(), idOf({}, 'q2'), ...others.map((other) => idOf(other))]).size).toBe(7);
  // Of a message without an id a run has a new one, which only a copy keeps.
  const without = { messageId: undefined };
  expect(idOf({ ...without, id: 'i1' })).toBe(idOf({ ...without, id: 'i1' }));
  expect(idOf({ ...without, id: 'i1' })).not.toBe(idOf({ ...without, id: 'i2' }));
});
