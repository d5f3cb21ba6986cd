import { describe, expect, it } from 'vitest';
import { type FieldTable, type FieldValue, longString } from '../../src/field-value.js';
import { assertServerNamed } from '../../src/model/queue-argument-checks.js';
import { readQueueArguments } from '../../src/model/queue-arguments.js';
import { double, int, nothing, yes } from './field-values.js';

const DEFINITION = { name: 'q', durable: true, exclusive: false, autoDelete: false };
const QUORUM: FieldTable = [['x-queue-type', longString('quorum')]];

function read(queueArguments: FieldTable) {
  return readQueueArguments({ ...DEFINITION, arguments: queueArguments }, '/');
}

describe('the arguments of a queue', () => {
  it('come to nothing when there are none', () => {
    expect(read([])).toEqual({
      type: 'classic',
      messageTtlMs: undefined,
      expiresMs: undefined,
      maxLength: undefined,
      maxLengthBytes: undefined,
      overflow: 'drop-head',
      maxPriority: undefined,
      singleActiveConsumer: false,
      deadLetterExchange: undefined,
      deadLetterRoutingKey: undefined,
      deadLetterStrategy: 'at-most-once',
      deliveryLimit: undefined,
    });
  });

  it('are read in any integer type, next to unknown ones', () => {
    const settings = read([
      ['x-message-ttl', { tag: 'l', value: 0n }],
      ['x-expires', { tag: 'u', value: 60_000 }],
      ['x-max-length', { tag: 'b', value: 3 }],
      ['x-max-length-bytes', int(4)],
      ['x-max-priority', { tag: 'B', value: 255 }],
      ['x-overflow', longString('reject-publish-dlx')],
      ['x-single-active-consumer', yes],
      ['x-dead-letter-exchange', longString('')],
      ['x-dead-letter-routing-key', longString('dead')],
      ['x-unknown', nothing],
    ]);
    expect(settings).toMatchObject({
      messageTtlMs: 0,
      expiresMs: 60_000,
      maxLength: 3,
      maxLengthBytes: 4,
      maxPriority: 255,
      overflow: 'reject-publish-dlx',
      singleActiveConsumer: true,
      deadLetterExchange: '',
      deadLetterRoutingKey: 'dead',
    });
  });

  const NOT_INTEGER = '"expected integer, got longstr"';

  it.each<[name: string, value: FieldValue, reason: string]>([
    ['x-message-ttl', longString('1'), NOT_INTEGER],
    ['x-message-ttl', double(1), '"expected integer, got double"'],
    ['x-message-ttl', { tag: 'T', value: 1n }, '"expected integer, got timestamp"'],
    ['x-message-ttl', int(-1), '{value_negative,-1}'],
    ['x-message-ttl', { tag: 'l', value: 315_360_000_001n }, '{value_too_large,315360000001}'],
    ['x-expires', int(0), '{value_zero,0}'],
    ['x-expires', int(-1), '{value_negative,-1}'],
    ['x-max-length', int(-1), '{value_negative,-1}'],
    ['x-max-length-bytes', longString(''), NOT_INTEGER],
    ['x-max-priority', int(256), '{max_value_exceeded,256}'],
    ['x-max-priority', int(-1), '{value_negative,-1}'],
    ['x-overflow', longString('drop'), 'invalid_overflow'],
    ['x-overflow', int(1), '{unacceptable_type,signedint}'],
    ['x-queue-mode', longString('fast'), '"unsupported queue mode \'fast\'"'],
    ['x-queue-version', int(3), '"unsupported queue version \'3\'"'],
    ['x-queue-version', int(-1), '{value_negative,-1}'],
    ['x-single-active-consumer', int(1), '{unacceptable_type,signedint}'],
    ['x-dead-letter-routing-key', longString('k'), 'routing_key_but_no_dlx_defined'],
    ['x-dead-letter-routing-key', int(1), '{unacceptable_type,signedint}'],
    ['x-queue-type', longString('slow'), '"unsupported queue type \'slow\'"'],
    ['x-queue-type', int(1), '{unacceptable_type,signedint}'],
  ])('are refused: %s %o', (name, value, reason) => {
    expect(() => read([[name, value]])).toThrow(
      `PRECONDITION_FAILED - invalid arg '${name}' for queue 'q' in vhost '/': ${reason}`,
    );
  });

  it('are refused for a dead-letter exchange that is no text, before all else', () => {
    expect(() =>
      read([
        ['x-queue-type', int(1)],
        ['x-dead-letter-exchange', int(1)],
      ]),
    ).toThrow("invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'");
  });

  it('are refused for the fault that RabbitMQ looks for first', () => {
    const faulty: FieldTable = [
      ['x-delivery-limit', int(1)],
      ['x-max-length', int(-1)],
      ['x-expires', int(0)],
    ];
    expect(() => read(faulty)).toThrow("invalid arg 'x-expires'");
    expect(() => read(faulty.slice(0, 2))).toThrow("invalid arg 'x-max-length'");
    expect(() => read(faulty.slice(0, 1))).toThrow(
      "invalid arg 'x-delivery-limit' for queue 'q' in vhost '/' of queue type rabbit_classic_queue",
    );
  });

  it('are refused for a stream, which is not implemented', () => {
    expect(() => read([['x-queue-type', longString('stream')]])).toThrow(
      expect.objectContaining({ replyCode: 540, message: expect.stringContaining("queue 'q' in vhost '/'") }),
    );
  });
});

describe('the arguments of a quorum queue', () => {
  it('have a delivery limit of any kind, of which only integers are in force', () => {
    expect(read([...QUORUM, ['x-delivery-limit', int(2)]]).deliveryLimit).toBe(2);
    expect(read([...QUORUM, ['x-delivery-limit', longString('2')]]).deliveryLimit).toBeUndefined();
  });

  it.each<[name: string, value: FieldValue]>([
    ['x-max-priority', int(1)],
    ['x-queue-mode', longString('lazy')],
    ['x-max-age', longString('1D')],
  ])('are refused with %s, which others have', (name, value) => {
    expect(() => read([...QUORUM, [name, value]])).toThrow(
      `PRECONDITION_FAILED - invalid arg '${name}' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue`,
    );
  });

  it.each<[name: string, value: FieldValue, reason: string]>([
    ['x-dead-letter-strategy', longString('never'), 'invalid_dlx_strategy'],
    ['x-quorum-initial-group-size', int(0), '{value_zero,0}'],
    ['x-queue-leader-locator', longString('here'), 'invalid_queue_locator_arg'],
  ])('are refused: %s %o', (name, value, reason) => {
    expect(() => read([...QUORUM, [name, value]])).toThrow(`queue 'q' in vhost '/': ${reason}`);
  });

  it.each([
    [{ autoDelete: true, exclusive: true, durable: false }, 'auto-delete'],
    [{ exclusive: true, durable: false }, 'exclusive-owner'],
    [{ durable: false }, 'non-durable'],
  ])('are refused where the queue is %o', (changes, property) => {
    const definition = { ...DEFINITION, ...changes, arguments: QUORUM };
    expect(() => readQueueArguments(definition, '/')).toThrow(
      `PRECONDITION_FAILED - invalid property '${property}' for queue 'q' in vhost '/'`,
    );
  });

  it('ask for a name', () => {
    assertServerNamed([]);
    expect(() => assertServerNamed(QUORUM)).toThrow(
      'PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue',
    );
  });

  it('drop the head where the overflow is one that only classic queues have', () => {
    expect(read([...QUORUM, ['x-overflow', longString('reject-publish-dlx')]]).overflow).toBe('drop-head');
  });

  const EXCHANGE: FieldTable = [['x-dead-letter-exchange', longString('x')]];
  const REJECT: FieldTable = [['x-overflow', longString('reject-publish')]];

  it.each([
    ['with an exchange and reject-publish', [...EXCHANGE, ...REJECT], 'at-least-once'],
    ['without the exchange', REJECT, 'at-most-once'],
    ['without reject-publish', EXCHANGE, 'at-most-once'],
  ] as const)('dead-letter at least once, when asked to, %s: %j', (_what, others, strategy) => {
    const asked: FieldTable = [...QUORUM, ['x-dead-letter-strategy', longString('at-least-once')], ...others];
    expect(read(asked).deadLetterStrategy).toBe(strategy);
  });
});
