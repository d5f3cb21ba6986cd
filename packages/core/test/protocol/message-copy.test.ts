import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Headers, HeaderValue, Properties } from '../../src/protocol/message.js';
import { copyMessage, copyToDelay } from '../../src/protocol/message-copy.js';
import { decodeFrames, encodeFrames } from './amqp-frames.js';
import { inbound } from './inbound.js';

it('a copy that waits in the broker has no expiration, by which it would leave too early, and no history', () => {
  const message = inbound({ expiration: '500', priority: 3, replyTo: 'r' }, { 'x-death': [{ count: 1 }], kept: 1 });
  const { properties } = copyToDelay(message, { retries: 1 });
  expect(properties).toMatchObject({ expiration: undefined, priority: 3, replyTo: 'r' });
  expect(properties.headers).toEqual({ task: 'tasks.add', id: 'i1', kept: 1, retries: 1 });
});

describe('copyMessage', () => {
  it('keeps body, properties and headers, those of the first publish excepted', () => {
    const properties: Properties = {
      deliveryMode: 1,
      priority: 3,
      correlationId: 'i1',
      replyTo: 'r',
      userId: 'guest',
      messageId: 'm',
      timestamp: 5,
      type: 't',
      appId: 'a',
      contentType: 'application/json',
    };
    const broker = {
      'x-death': [{ count: 1 }],
      'x-delivery-count': 3,
      'x-first-death-queue': 'q',
      'x-last-death-reason': 'rejected',
      CC: ['other'],
      BCC: ['other'],
    };
    const message = inbound(properties, { custom: 'x', 'x-mine': 1, 'tq-lost': 1, ...broker });
    const copy = copyMessage(message, { 'tq-lost': 2 });
    expect(copy.body).toBe(message.body);
    expect(copy.properties).toEqual({
      ...properties,
      contentEncoding: 'utf-8',
      userId: undefined,
      deliveryMode: 2,
      headers: { task: 'tasks.add', id: 'i1', custom: 'x', 'x-mine': 1, 'tq-lost': 2 },
    });
  });

  it('leaves the message as it was', () => {
    const message = inbound({}, { 'x-death': [], nested: { a: [1] } });
    const before = structuredClone(message.properties);
    copyMessage(message, { 'tq-lost': 1 });
    expect(message.properties).toEqual(before);
  });

  it('copies a message without headers', () => {
    expect(copyMessage(inbound({ headers: undefined }), { 'tq-lost': 1 }).properties.headers).toEqual({ 'tq-lost': 1 });
  });

  it.each<[string, HeaderValue]>([
    ['NaN', Number.NaN],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['a large negative float', -1e30],
    ['a large fraction', 2 ** 50 + 0.5],
    ['a small fraction', 0.1],
    ['a negative integer', -(2 ** 40)],
    ['a timestamp', { '!': 'timestamp', value: 1_700_000_000 }],
    ['a decimal', { '!': 'decimal', value: { places: 2, digits: 314 } }],
    ['bytes', Buffer.from([1, 2]) as unknown as HeaderValue],
  ])('writes a header again as it was read: %s', (_, value) => {
    const wire = overTheWire({ value: { deep: [value] } });
    expect(overTheWire(wire)).toEqual({ task: 'tasks.add', id: 'i1', value: { deep: [value] } });
  });

  it('writes every table of headers that can arrive, a key of amqplib’s own included', () => {
    const { header } = fc.letrec<{ header: HeaderValue }>((tie) => ({
      header: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<HeaderValue>(null, true, 'timestamp', 'decimal', 'int'),
        fc.string(),
        fc.double(),
        fc.integer(),
        fc.array(tie('header'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('!', 'value', 'places', 'digits', 'a'), tie('header'), { noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(header, (value) => {
        const { value: read } = overTheWire({ value });
        // Zero has no sign on the wire, where a whole number is an integer.
        const unsigned = (at: unknown): unknown => JSON.parse(JSON.stringify(at) ?? 'null');
        expect(unsigned(read)).toEqual(unsigned(value));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** The headers of a copy, as the next consumer reads them. */
function overTheWire(headers: Headers): Headers {
  return decodeFrames(encodeFrames(copyMessage(inbound({}, headers), {}), 'q')).properties.headers ?? {};
}
