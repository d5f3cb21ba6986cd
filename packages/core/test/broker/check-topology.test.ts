import { describe, expect, it } from 'vitest';
import { type AppOptions, resolveOptions } from '../../src/options.js';

const TYPES = { type: 'topic' } as const;

describe('what cannot be together is refused with what to do', () => {
  it.each<[AppOptions, RegExp]>([
    [{ queues: { q: { maxPriority: 5 } } }, /queue 'q': maxPriority: a quorum queue, .* set type: 'classic'/],
    [{ queues: { q: { durable: false } } }, /durable: a quorum queue is always durable/],
    [{ queues: { q: { autoDelete: true } } }, /autoDelete: a quorum queue/],
    [
      { queues: { q: { overflow: 'reject-publish-dlx' } } },
      /'reject-publish-dlx': set 'reject-publish', or type: 'classic'/,
    ],
    [{ queues: { q: { type: 'classic', deliveryLimit: 5 } } }, /deliveryLimit: a classic queue/],
    [{ queueType: 'classic', queues: { q: { deliveryLimit: 5 } } }, /set type: 'quorum'/],
    [{ queues: { q: { declare: 'bare', deliveryLimit: 5 } } }, /set type: 'quorum'/],
    [{ preset: 'celery', queues: { q: { deliveryLimit: 5 } } }, /set type: 'quorum'/],
    [{ queues: { q: { declare: 'passive', maxLength: 5 } } }, /maxLength: a queue that others declare .* leave it out/],
    [{ queues: { q: { arguments: { 'x-max-length': 5 } } } }, /'x-max-length' has an option of its own: set maxLength/],
    [{ queues: { q: { arguments: { 'x-dead-letter-exchange': 'e' } } } }, /is tq's, .* declare: 'bare'/],
    [{ queues: { '': {} } }, /queue '': expected a name, found none/],
    [{ queues: { 'amq.q': {} } }, /queue 'amq.q': names that begin with 'amq\.' are the broker's own/],
    [{ exchanges: { '': TYPES } }, /the default exchange .* nothing can be bound to it/],
    [{ exchanges: { 'tq.mine': TYPES } }, /'tq\.' are those of tq's own exchanges/],
    [{ exchanges: { ['e'.repeat(256)]: TYPES } }, /at most 255 bytes with its prefix, found 256/],
    [{ exchanges: { 'amq.topic': { type: 'fanout' } } }, /the broker's own 'amq.topic' is topic, found fanout/],
    [{ exchanges: { 'amq.topic': { ...TYPES, internal: true } } }, /internal: an exchange which is the broker's own/],
    [
      { exchanges: { e: { ...TYPES, declare: 'passive', alternate: 'x' } } },
      /alternate: an exchange which others declare/,
    ],
    [{ exchanges: { e: { ...TYPES, arguments: { 'alternate-exchange': 'x' } } } }, /option of its own: alternate/],
    [bound({ exchange: 'topic' }), /bindings\[0\]: key: 'topic' is a topic exchange, which goes by it: give one \('#'/],
    [bound({ exchange: 'amq.direct' }), /key: 'amq.direct' is a direct exchange/],
    [
      bound({ exchange: 'topic', key: '#', headers: { a: 1 } }),
      /headers: 'topic' is a topic exchange, which compares none/,
    ],
    [bound({ exchange: 'fanout', key: 'k' }), /key: 'fanout' is a fanout exchange, .* leave it out/],
    [bound({ exchange: 'fanout', headers: { a: 1 } }), /headers: 'fanout' is a fanout exchange/],
    [bound({ exchange: 'headers' }), /headers: 'headers' is a headers exchange, which goes by them/],
    [
      bound({ exchange: 'headers', key: 'k', headers: { a: 1 } }),
      /key: 'headers' is a headers exchange, which does not look/,
    ],
    [bound({ exchange: 'headers', headers: {} }), /headers: expected at least one to compare/],
    [bound({ exchange: 'headers', headers: { 'x-a': 1 } }), /does not compare 'x-a'/],
    [bound({ exchange: 'foreign', match: 'any' }), /match: expected headers beside it/],
  ])('%o', (options, text) => {
    const resolve = () => resolveOptions(options, {});
    expect(resolve).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    expect(resolve).toThrow(text);
  });

  it.each<[object, string, RegExp]>([
    [
      { queues: { q: { maxLenght: 5 } } },
      'unknown-option',
      /queue 'q': unknown option 'maxLenght'. Did you mean 'maxLength'/,
    ],
    [
      { exchanges: { e: { tpye: 'topic' } } },
      'unknown-option',
      /exchange 'e': unknown option 'tpye'. Did you mean 'type'/,
    ],
    [
      { exchanges: { e: {} } },
      'invalid-option',
      /exchange 'e': type: expected direct, topic, fanout or headers, found none/,
    ],
    [{ exchanges: { e: { type: 'tpoic' } } }, 'invalid-option', /found 'tpoic'. Did you mean 'topic'/],
    [bound({ exchagne: 'e' }), 'unknown-option', /bindings\[0\]: unknown option 'exchagne'. Did you mean 'exchange'/],
    [bound({ key: 'k' }), 'invalid-option', /bindings\[0\]: exchange: expected a name, found none/],
    [bound({ exchange: 'e', key: [] }), 'invalid-option', /key: expected at least one routing key/],
    [bound({ exchange: 'e', key: 5 }), 'invalid-option', /key: expected a routing key, or a list of them, found 5/],
    [bound({ exchange: 'e', key: 'k'.repeat(256) }), 'invalid-option', /at most 255 bytes, found 256/],
    [bound({ exchange: 'e', headers: { a: () => 1 } }), 'invalid-option', /headers: a: expected a text, a number/],
    [{ queues: { q: { bindings: {} } } }, 'invalid-option', /bindings: expected a list/],
    [{ queues: { q: { messageTtl: -1 } } }, 'invalid-option', /messageTtl \(ms\): expected a whole number from 0/],
    [{ queues: { q: { expires: 0 } } }, 'invalid-option', /expires \(ms\): expected a whole number from 1/],
    [{ queues: { q: { overflow: 'drop' } } }, 'invalid-option', /overflow: expected drop-head or reject-publish/],
    [{ queues: { q: null } }, 'invalid-option', /queue 'q': expected an object with type/],
    [{ queues: [] }, 'invalid-option', /queues: expected an object with a queue for each key/],
  ])('what is no option is named: %o', (options, code, text) => {
    const resolve = () => resolveOptions(options as AppOptions, {});
    expect(resolve).toThrow(expect.objectContaining({ code }));
    expect(resolve).toThrow(text);
  });

  it('takes a name of the broker behind a prefix, and one that others declare', () => {
    expect(() => resolveOptions({ prefix: 'p.', queues: { 'amq.q': {} } }, {})).not.toThrow();
    expect(() => resolveOptions({ queues: { 'amq.q': { declare: 'passive' } } }, {})).not.toThrow();
  });

  it('takes durations and sizes with their units, and a key by itself', () => {
    const { queues } = resolveOptions(
      {
        queues: {
          q: {
            messageTtl: '5m',
            expires: '1h',
            maxLengthBytes: '2mb',
            bindings: [{ exchange: 'amq.topic', key: 'a' }],
            maxPriority: undefined,
          },
        },
      },
      {},
    );
    expect(queues).toEqual({
      q: {
        messageTtl: 300_000,
        expires: 3_600_000,
        maxLengthBytes: 2_097_152,
        bindings: [{ exchange: 'amq.topic', key: ['a'] }],
      },
    });
  });
});

/** A queue with one binding, among exchanges of every kind. */
function bound(binding: object): AppOptions {
  const exchanges = Object.fromEntries(
    (['topic', 'direct', 'fanout', 'headers'] as const).map((type) => [type, { type }]),
  );
  return { exchanges, queues: { q: { bindings: [binding as { exchange: string }] } } };
}
