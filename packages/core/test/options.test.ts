import { describe, expect, it } from 'vitest';
import { type AppOptions, resolveOptions } from '../src/options.js';

describe('the options of an app', () => {
  it('have the defaults that their descriptions name', () => {
    expect(resolveOptions({}, {})).toEqual({
      urls: ['amqp://guest:guest@127.0.0.1:5672'],
      urlOrder: 'given',
      login: { auth: 'password' },
      tls: {},
      prefix: '',
      queue: 'tq',
      queueType: 'quorum',
      queues: {},
      exchanges: {},
      preset: 'tq',
      eager: false,
      heartbeat: 10,
      connectTimeout: 10_000,
      publishTimeout: 30_000,
      resultTimeout: 60_000,
      maxWaiters: 100_000,
      workflowParts: 20_000,
      publishWindow: 1_000,
      outboxMessages: 100_000,
      outboxBytes: 67_108_864,
      maxMessageBytes: 16_777_216,
      delayUnit: 100,
      chordExpires: 86_400_000,
      logger: undefined,
    });
  });

  it('follow Celery under its preset', () => {
    expect(resolveOptions({ preset: 'celery' }, {})).toMatchObject({ queue: 'celery', queueType: 'classic' });
    expect(resolveOptions({ preset: 'celery', queue: 'mail', queueType: 'quorum' }, {})).toMatchObject({
      queue: 'mail',
      queueType: 'quorum',
    });
  });

  it('come from the environment, with units where they are durations', () => {
    const env = {
      TQ_URL: 'amqp://a,amqps://b',
      TQ_PREFIX: 'dev.',
      TQ_QUEUE: 'mail',
      TQ_QUEUE_TYPE: 'classic',
      TQ_PRESET: 'celery',
      TQ_HEARTBEAT: '5',
      TQ_CONNECT_TIMEOUT: '250',
      TQ_PUBLISH_TIMEOUT: '10s',
      TQ_RESULT_TIMEOUT: '5m',
      TQ_MAX_WAITERS: '10',
      TQ_WORKFLOW_PARTS: '0',
      TQ_PUBLISH_WINDOW: '20',
      TQ_OUTBOX_MESSAGES: '30',
      TQ_OUTBOX_BYTES: '40',
      TQ_MAX_MESSAGE_BYTES: '50',
    };
    expect(resolveOptions({}, env)).toMatchObject({
      urls: ['amqp://a', 'amqps://b'],
      prefix: 'dev.',
      queue: 'mail',
      queueType: 'classic',
      preset: 'celery',
      heartbeat: 5,
      connectTimeout: 250,
      publishTimeout: 10_000,
      resultTimeout: 300_000,
      maxWaiters: 10,
      workflowParts: 0,
      publishWindow: 20,
      outboxMessages: 30,
      outboxBytes: 40,
      maxMessageBytes: 50,
    });
  });

  it('win over the environment when they are passed, and leave it alone when undefined', () => {
    const env = { TQ_PREFIX: 'env.', TQ_PUBLISH_TIMEOUT: '1s', TQ_QUEUE: '' };
    expect(resolveOptions({ prefix: '', publishTimeout: 5 }, env)).toMatchObject({ prefix: '', publishTimeout: 5 });
    expect(resolveOptions({ prefix: undefined, publishTimeout: undefined }, env)).toMatchObject({
      prefix: 'env.',
      publishTimeout: 1_000,
    });
  });

  it('take an empty variable for one that is not set', () => {
    const names = ['URL', 'PREFIX', 'QUEUE', 'QUEUE_TYPE', 'PRESET', 'HEARTBEAT', 'RESULT_TIMEOUT', 'OUTBOX_BYTES'];
    const env = Object.fromEntries(names.map((name) => [`TQ_${name}`, '']));
    expect(resolveOptions({}, env)).toEqual(resolveOptions({}, {}));
  });

  it.each<[object, string, string]>([
    [{ urll: 'amqp://a' }, 'unknown-option', "createApp: unknown option 'urll'. Did you mean 'url'?"],
    [{ broker: 'amqp://a' }, 'unknown-option', "createApp: unknown option 'broker'. Known are auth, chordExpires,"],
    [{ url: [] }, 'invalid-option', 'url: expected at least one amqp:// or amqps:// address, found none.'],
    [{ url: 5672 }, 'invalid-option', 'url: expected'],
    [{ prefix: 3 }, 'invalid-option', 'prefix: expected a text, found 3.'],
    [{ queue: '' }, 'invalid-option', 'queue: expected a text, found an empty text.'],
    [{ queueType: 'stream' }, 'invalid-option', "queueType: expected quorum or classic, found 'stream'."],
    [{ preset: 'bull' }, 'invalid-option', "preset: expected tq or celery, found 'bull'."],
    [{ heartbeat: 601 }, 'invalid-option', 'heartbeat: expected a whole number from 0 to 600, found 601.'],
    [{ publishTimeout: '10x' }, 'invalid-option', 'publishTimeout: expected a duration such as 500ms, 10s or 5m'],
    [{ publishTimeout: 0 }, 'invalid-option', 'publishTimeout (ms): expected a whole number from 1'],
    [{ publishWindow: 0 }, 'invalid-option', 'publishWindow: expected a whole number from 1 to 2000, found 0.'],
    [
      { queues: { math: { typ: 'classic' } } },
      'unknown-option',
      "queue 'math': unknown option 'typ'. Did you mean 'type'?",
    ],
    [{ queues: { math: { type: 'lazy' } } }, 'invalid-option', "queue 'math': type: expected quorum or classic"],
    [{ queues: { math: { maxPriority: 0 } } }, 'invalid-option', "queue 'math': maxPriority: expected a whole number"],
  ])('are refused with what was expected and found: %o', (options, code, text) => {
    const resolve = () => resolveOptions(options as AppOptions, {});
    expect(resolve).toThrow(expect.objectContaining({ code }));
    expect(resolve).toThrow(text);
  });

  it.each([
    [{ TQ_PUBLISH_TIMEOUT: 'soon' }, 'TQ_PUBLISH_TIMEOUT'],
    [{ TQ_HEARTBEAT: 'ten' }, "TQ_HEARTBEAT: expected a whole number from 0 to 600, found 'ten'."],
    [{ TQ_QUEUE_TYPE: 'stream' }, "TQ_QUEUE_TYPE: expected quorum or classic, found 'stream'."],
  ])('are refused from the environment too: %o', (env, text) => {
    expect(() => resolveOptions({}, env)).toThrow(text);
  });
});
