import { describe, expect, it } from 'vitest';
import { encodeError } from '../../src/protocol/error-codec.js';
import type { Headers, InboundMessage, Properties } from '../../src/protocol/message.js';
import { copyMessage } from '../../src/protocol/message-copy.js';
import { nextTryHeaders } from '../../src/protocol/next-try.js';
import {
  copyHeaders,
  decodePlain,
  decodePlainBody,
  encodePlainReply,
  encodePlainResult,
} from '../../src/protocol/plain-message.js';

const NOW = Date.UTC(2026, 0, 1);
const LIMIT = 1_000;

function foreign(properties: Properties = {}, headers: Headers = {}, body = Buffer.from('30')): InboundMessage {
  return { properties: { headers, ...properties }, body, exchange: 'logs', routingKey: 'kern', redelivered: false };
}

const read = (message: InboundMessage) =>
  decodePlain(message, { task: 'fib', format: 'json', now: NOW, newId: () => 'new' });

describe('a plain message', () => {
  it('has its own id where it says one, and a new one else', () => {
    expect(read(foreign({ messageId: 'm' }))).toMatchObject({ id: 'm', rootId: 'm', task: 'fib', retries: 0 });
    expect(read(foreign({ messageId: '' }))).toMatchObject({ id: 'new', replyTo: undefined, bodyText: '30' });
  });

  it('keeps the headers of its publisher, whatever they are called, and counts by its own', () => {
    const own = { id: 7, retries: 9, eta: 'noon', expires: 'never', task: 'x' };
    const counted = { 'tq-retries': 2, 'tq-lost': 1, 'x-delivery-count': 3, 'x-death': [], CC: ['q'] };
    const task = read(foreign({}, { ...own, ...counted }));
    expect(task).toMatchObject({ retries: 2, lost: 1, earlierDeliveries: 3, eta: undefined, expires: undefined });
    expect([task.headers, task.foreign?.message.headers]).toEqual([own, own]);
  });

  it('expires so long after its first delivery, and not at all with 0, which who is ready gets', () => {
    expect(read(foreign({ expiration: '5000' })).expires).toBe(NOW + 5_000);
    expect(read(foreign({ expiration: '0' })).expires).toBeUndefined();
    expect(read(foreign({ expiration: 'x' })).expires).toBeUndefined();
  });

  it('is in its copies as it was: id, exchange, key, end of its time and headers', () => {
    const message = foreign({ expiration: '5000', type: 't', timestamp: 7 }, { eta: 'noon' });
    const first = read(message);
    const failure = encodeError(new RangeError('no'));
    const headers = { ...nextTryHeaders(first, { failure, delayMs: 10, now: NOW }), ...copyHeaders(first) };
    const copy = { ...message, ...copyMessage(message, headers), exchange: 'tq.delay.v1.deliver', routingKey: '0.q' };
    const second = decodePlain(copy, { task: 'fib', format: 'json', now: NOW + 60_000, newId: () => 'other' });
    expect(second).toMatchObject({ id: 'new', retries: 1, expires: NOW + 5_000, headers: { eta: 'noon' } });
    expect(second.foreign).toEqual(first.foreign);
    expect(second.errors.map(({ error }) => error)).toEqual(['RangeError: no']);
  });

  it.each<[string, InboundMessage]>([
    ['a body that is no UTF-8', foreign({}, {}, Buffer.from([0xff]))],
    ['a count that is none', foreign({}, { 'tq-retries': 'x' })],
    ['a time that is none', foreign({}, { 'tq-expires': 'soon' })],
  ])('is refused with %s', (_, message) => {
    expect(() => read(message)).toThrow(expect.objectContaining({ code: 'poison' }));
  });

  it('has no timestamp that is no time', () => {
    expect(read(foreign({ timestamp: 2 ** 60 })).foreign?.message.timestamp).toBeUndefined();
  });
});

describe('a plain body', () => {
  it('is what its format says, without the types of tq', () => {
    expect(decodePlainBody('30', 'json').args).toEqual([30]);
    expect(decodePlainBody('30', 'text').args).toEqual(['30']);
    const typed = '{"__type__":"tq.undefined","__value__":null}';
    expect(decodePlainBody(typed, 'json').args).toEqual([JSON.parse(typed)]);
    expect(() => decodePlainBody('[', 'json')).toThrow(expect.objectContaining({ code: 'poison' }));
  });
});

describe('a plain result', () => {
  it.each<[unknown, string, string]>([
    [undefined, 'null', ''],
    [null, 'null', 'null'],
    [[1, undefined, -0], '[1,null,0]', '1,,0'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"', String(new Date(0))],
    [{ __type__: 'x', a: undefined }, '{"__type__":"x"}', '[object Object]'],
    [{ toJSON: () => undefined }, 'null', '[object Object]'],
  ])('of %o is %s as JSON and %s as text', (value, json, text) => {
    expect([encodePlainResult(value, 'json'), encodePlainResult(value, 'text')]).toEqual([json, text]);
  });

  it.each([[1n], [new Map()], [Number.NaN], [new Uint8Array(1)], [() => 1], [new Date(Number.NaN)]])(
    'refuses as JSON what it does not have: %o',
    (value) => {
      expect(() => encodePlainResult(value, 'json')).toThrow(expect.objectContaining({ code: 'unserialisable' }));
    },
  );

  it('refuses as text what has none', () => {
    expect(() => encodePlainResult(Object.create(null), 'text')).toThrow(
      expect.objectContaining({ code: 'unserialisable' }),
    );
  });
});

describe('a plain reply', () => {
  const failure = encodeError(new RangeError('too far'));

  it('says a failure in the words of its format, with its name as a header', () => {
    const json = encodePlainReply({ format: 'json', correlationId: 'c' }, { status: 'FAILURE', failure }, LIMIT);
    expect(json.body.toString()).toBe('{"error":{"type":"RangeError","message":"too far"}}');
    expect(json.properties).toMatchObject({
      ...{ type: 'error', correlationId: 'c', contentType: 'application/json', headers: { 'tq-error': 'RangeError' } },
    });
    const text = encodePlainReply({ format: 'text', correlationId: undefined }, { status: 'REVOKED', failure }, LIMIT);
    expect([text.body.toString(), text.properties.contentType]).toEqual(['RangeError: too far', 'text/plain']);
  });

  it('that is too large is a failure', () => {
    const state = { status: 'SUCCESS', resultText: 'x'.repeat(LIMIT + 1) } as const;
    const reply = encodePlainReply({ format: 'text', correlationId: undefined }, state, LIMIT);
    expect(reply.properties.type).toBe('error');
    expect(reply.body.toString()).toContain('maxMessageBytes');
  });
});
