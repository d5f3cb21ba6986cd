import { describe, expect, it } from 'vitest';
import {
  decodeDeadLetter,
  encodeBareDeadLetter,
  encodeDeadLetter,
  withoutBody,
} from '../../src/protocol/dead-letter.js';
import { encodeError } from '../../src/protocol/error-codec.js';
import type { Headers, InboundMessage } from '../../src/protocol/message.js';
import { decodeFrames, encodeFrames } from './amqp-frames.js';
import { inbound } from './inbound.js';

const DEATH = { reason: 'poison', failure: encodeError(new RangeError('why')), worker: 'w1@host', time: 0 } as const;
const CERTIFICATE = {
  'tq-dead-reason': 'poison',
  'tq-dead-error': 'RangeError: why',
  'tq-dead-worker': 'w1@host',
  'tq-dead-time': '1970-01-01T00:00:00.000Z',
  'tq-dead-exchange': '',
  'tq-dead-routing-key': 'tq',
};

describe('a dead letter', () => {
  it('says why, where and when, and does not expire', () => {
    const letter = encodeDeadLetter(
      inbound({ expiration: '60000', replyTo: 'r' }, { custom: 'x', 'x-death': [] }),
      DEATH,
    );
    expect(letter.properties).toMatchObject({ replyTo: 'r', deliveryMode: 2 });
    expect(letter.properties.expiration).toBeUndefined();
    expect(letter.properties.headers).toEqual({ task: 'tasks.add', id: 'i1', custom: 'x', ...CERTIFICATE });
  });

  it('can be written without the headers of its message', () => {
    const message = inbound({ correlationId: 'i1', expiration: '5' }, { huge: 'x'.repeat(70_000) });
    expect(() => encodeFrames(encodeDeadLetter(message, DEATH), 'q')).toThrow(RangeError);
    const bare = encodeBareDeadLetter(message, DEATH);
    expect(bare.properties).toEqual({
      headers: CERTIFICATE,
      deliveryMode: 2,
      correlationId: 'i1',
      contentType: 'application/json',
    });
    expect(decodeFrames(encodeFrames(bare, 'q')).body).toEqual(message.body);
  });

  it('cuts a long error', () => {
    const failure = encodeError(new Error('e'.repeat(50_000)));
    const letter = encodeDeadLetter(inbound(), { ...DEATH, failure });
    expect(letter.properties.headers?.['tq-dead-error']).toHaveLength(2_000);
  });
});

describe('reading a dead letter', () => {
  const PLACE = { prefix: 'p.', queue: 'p.mail.dead' };
  const read = (message: InboundMessage, queue = PLACE.queue) => decodeDeadLetter(message, { ...PLACE, queue });
  const death = (reason: string): Headers => ({
    'x-death': [{ reason, queue: 'p.post', time: { '!': 'timestamp', value: 1_700_000_000 }, count: 1 }],
  });

  it('finds what a worker wrote', () => {
    const { properties, body } = encodeDeadLetter(
      inbound({ correlationId: 'c' }, { retries: 2 }, Buffer.from('[[1, "a,]"],{"k": 12345678901234567890},{}]')),
      DEATH,
    );
    const letter = read({ ...inbound(), properties, body, exchange: 'p.tq.dead', routingKey: 'p.mail' });
    expect(letter).toMatchObject({
      ...{ queue: 'mail', deadQueue: 'mail.dead', id: 'i1', task: 'tasks.add', reason: 'poison' },
      ...{ error: 'RangeError: why', worker: 'w1@host', time: new Date(0), attempt: 3 },
      ...{ argsText: '[1, "a,]"]', kwargsText: '{"k": 12345678901234567890}', size: body.length },
    });
    expect(letter.properties.correlationId).toBe('c');
  });

  it.each([
    ['rejected', 'rejected'],
    ['expired', 'expired'],
    ['maxlen', 'max-length'],
    ['delivery_limit', 'delivery-limit'],
    ['another', undefined],
  ])('takes the broker’s word where no worker wrote: %s', (word, reason) => {
    const letter = read(inbound({}, death(word)));
    expect(letter).toMatchObject({ reason, queue: 'post', worker: undefined, time: new Date(1_700_000_000_000) });
  });

  it('finds the queue that a delayed message was for, whatever levels it has waited in', () => {
    const routingKey = `${'0.'.repeat(27)}1.p.a.%2A`;
    const message = { ...inbound({}, death('expired')), exchange: 'p.tq.delay.v1.deliver', routingKey };
    expect(read(message, 'p.tq.delay.dead')).toMatchObject({
      ...{ queue: 'a.*', deadQueue: 'tq.delay.dead', reason: 'no-queue' },
    });
  });

  it('shows a foreign message as what it is', () => {
    const message = inbound({ messageId: 'm', contentType: 'text/plain', headers: undefined }, {}, Buffer.from([255]));
    expect(read(message)).toEqual({
      ...{ queue: 'mail', deadQueue: 'mail.dead', id: 'm', size: 1, headers: {}, body: Buffer.from([255]) },
      properties: { messageId: 'm', contentType: 'text/plain', contentEncoding: 'utf-8' },
    });
  });

  it.each<[string, Headers]>([
    [
      'numbers and lists for texts',
      { task: 7, id: [], retries: -1, 'tq-dead-time': 5, 'tq-dead-reason': 'constructor' },
    ],
    ['an x-death of anything', { 'x-death': 'no list', 'tq-dead-time': 'no time' }],
    ['an x-death without fields', { 'x-death': [{ time: null, reason: '__proto__' }] }],
    ['an x-death of nothing', { 'x-death': [null] }],
    ['a time beyond all', { 'x-death': [{ time: { '!': 'timestamp', value: 2 ** 60 } }] }],
  ])('reads whatever stands in headers: %s', (_, headers) => {
    expect(read(inbound({}, headers))).toMatchObject({ queue: 'mail', reason: undefined, time: undefined });
  });

  it('keeps in a list no body, and of long arguments the first thousand characters', () => {
    const letter = withoutBody(read(inbound({}, {}, Buffer.from(`[["${'x'.repeat(5_000)}"],{},{}]`))));
    expect(letter.argsText).toHaveLength(1_001);
    expect(Object.keys(letter)).not.toContain('body');
  });
});
