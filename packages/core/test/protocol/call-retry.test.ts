import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BACKOFF_SHAPES, type CallRetry, decodeCallRetry } from '../../src/protocol/call-retry.js';
import { decodeEnvelope, encodeCeleryEnvelope, encodeEnvelope } from '../../src/protocol/envelope.js';
import { encodeBody } from '../../src/protocol/task-body.js';
import { decodeFrames, encodeFrames } from './amqp-frames.js';
import { inbound } from './inbound.js';

const call = {
  id: 'i1',
  task: 'tasks.add',
  rootId: 'i1',
  parentId: undefined,
  priority: undefined,
  ignoreResult: false,
  headers: undefined,
  bodyText: encodeBody([], 'tq'),
};

const throughTheWire = (retry: CallRetry | undefined, encode = encodeEnvelope) =>
  decodeEnvelope(decodeFrames(encodeFrames(encode({ ...call, retry }, 'r'), 'q')));

describe('the header tq-retry', () => {
  it('brings what the call says, and nothing else', () => {
    const retry = fc.record(
      {
        maxRetries: fc.maxSafeNat(),
        backoff: fc.constantFrom(...BACKOFF_SHAPES),
        delay: fc.maxSafeNat(),
        maxDelay: fc.maxSafeNat(),
        jitter: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(retry, (given) => {
        expect(throughTheWire(given).retry).toStrictEqual({ ...given });
      }),
    );
    expect(throughTheWire({ maxRetries: 1, jitter: undefined }).retry).toStrictEqual({ maxRetries: 1 });
    expect(throughTheWire(false).retry).toBe(false);
  });

  it('is no header of the caller’s own, and goes out with the preset celery too', () => {
    const encoded = throughTheWire({ maxRetries: 7 }, (envelope, replyTo) =>
      encodeCeleryEnvelope(envelope, replyTo, 'o'),
    );
    expect(encoded).toMatchObject({ retry: { maxRetries: 7 }, headers: {} });
  });

  it('is left out when the call says nothing', () => {
    for (const { properties } of [encodeEnvelope(call, 'r'), encodeCeleryEnvelope(call, 'r', 'o')]) {
      expect(properties.headers).not.toHaveProperty('tq-retry');
    }
    expect(throughTheWire(undefined).retry).toBeUndefined();
  });

  it.each([
    true,
    3,
    'linear',
    [],
    { maxRetries: -1 },
    { delay: 1.5 },
    { maxDelay: '1s' },
    { backoff: 'cubic' },
    { jitter: 1 },
  ])('makes %j poison', (value) => {
    expect(() => decodeEnvelope(inbound({}, { 'tq-retry': value }))).toThrow(
      expect.objectContaining({ code: 'poison', message: expect.stringContaining('header tq-retry') }),
    );
  });

  it('leaves out what a later version adds', () => {
    expect(decodeCallRetry({ maxRetries: 2, until: 'noon' })).toStrictEqual({ maxRetries: 2 });
  });
});
