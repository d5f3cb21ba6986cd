import { describe, expect, it } from 'vitest';
import { Router } from '../../src/producer/router.js';
import type { Routes } from '../../src/producer/routes.js';
import type { CallOptions } from '../../src/task/call.js';
import { runInTask, type TaskContext } from '../../src/task/context.js';
import { MiddlewareStack } from '../../src/task/middleware.js';
import { gate } from '../schema/schemas.js';
import { testRuntime } from '../test-runtime.js';
import { openProducer } from './producing.js';

function insideOf(id: string, rootId: string): TaskContext {
  const { logger: log } = testRuntime();
  const { signal } = new AbortController();
  const rest = {
    attempt: 1,
    errors: [],
    queue: 'tq',
    headers: {},
    parentId: 'grandparent',
    kwargs: {},
    message: undefined,
    progress: () => undefined,
    replace: () => {
      throw new Error('nothing is replaced here');
    },
  };
  return { id, rootId, task: 'outer', ...rest, signal, log };
}

it('a call from a program is the root of its tree', () => {
  const { sent, send } = openProducer();
  expect(send().id).toBe('id-1');
  expect(sent[0]).toMatchObject({
    queue: 'tq',
    publishTimeoutMs: 30_000,
    signal: undefined,
    envelope: {
      id: 'id-1',
      task: 'fib',
      rootId: 'id-1',
      parentId: undefined,
      ignoreResult: false,
      priority: undefined,
    },
  });
});

it('a call from inside a task has that task as parent and its root as root', () => {
  const { sent, send } = openProducer();
  const result = runInTask(insideOf('parent', 'root'), () => send());
  expect(result.id).toBe('id-1');
  expect(sent[0]?.envelope).toMatchObject({ id: 'id-1', rootId: 'root', parentId: 'parent' });
});

it('every call has an id of its own, unless the caller chose it', () => {
  const { sent, send } = openProducer();
  const ids = [send(), send(), send({ taskId: 'mine' })].map(({ id }) => id);
  expect(ids).toEqual(['id-1', 'id-2', 'mine']);
  expect(sent.map(({ envelope }) => envelope.id)).toEqual(ids);
});

it('what the call says wins over the app, and the prefix goes before either queue', () => {
  const { sent, send } = openProducer({ prefix: 'eu.' });
  const { signal } = new AbortController();
  send();
  send({ queue: 'math', deadline: 5, priority: 7, ignoreResult: true, headers: { tenant: 't1' }, signal });
  expect(sent.map(({ queue }) => queue)).toEqual(['eu.tq', 'eu.math']);
  expect(sent[1]).toMatchObject({
    publishTimeoutMs: 5,
    envelope: { priority: 7, ignoreResult: true, headers: { tenant: 't1' } },
  });
  expect(sent[1]?.signal).toBe(signal);
});

it('writes the arguments as the preset wants them', () => {
  const tq = openProducer();
  tq.send({}, [1, undefined]);
  expect(tq.sent[0]?.envelope.bodyText).toBe('[[1],{},{}]');
  const celery = openProducer({ preset: 'celery' });
  celery.send();
  expect(celery.sent[0]?.envelope.bodyText).toBe(
    '[[30],{},{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]',
  );
});

it.each<[string, CallOptions, readonly unknown[], string, RegExp]>([
  ["a header of Celery's", { headers: { retries: 3 } }, [], 'invalid-option', /'retries' belongs to the protocol/],
  ['a header of its own', { headers: { 'tq-lost': 3 } }, [], 'invalid-option', /'tq-lost' belongs to the protocol/],
  ["a header of the broker's", { headers: { 'x-death': [] } }, [], 'invalid-option', /'x-death' belongs/],
  ['a header that copies', { headers: { BCC: ['q'] } }, [], 'invalid-option', /'BCC' belongs to the protocol/],
  ['no queue', { queue: '' }, [], 'invalid-option', /queue: expected a name/],
  ['too long a queue', { queue: 'ü'.repeat(128) }, [], 'invalid-option', /queue: .* found 256 bytes/],
  ['too long an id', { taskId: 'x'.repeat(256) }, [], 'invalid-option', /taskId: expected text of 1 to 255 bytes/],
  ['a priority beyond', { priority: 256 }, [], 'invalid-option', /priority/],
  ['an unknown option', { delay: 5 } as CallOptions, [], 'unknown-option', /delay/],
  ['a value that JSON has not', {}, [() => 1], 'unserialisable', /args/],
])('a call with %s is not sent: published and get() say why', async (_, options, args, code, text) => {
  const { sent, send, unobserved } = openProducer();
  const result = send(options, args);
  const [published, got] = await Promise.all(
    [result.published, result.get()].map((promise) => promise.then(String, (error: unknown) => error)),
  );
  expect(got).toBe(published);
  expect(got).toMatchObject({
    name: 'PublishError',
    code: code === 'unknown-option' ? 'invalid-option' : code,
    message: expect.stringMatching(text),
  });
  expect([sent, unobserved, result.state]).toEqual([[], [], 'unknown']);
});

it('a refusal that nobody awaits is not silent', async () => {
  const { send, unobserved } = openProducer();
  send({ queue: '' });
  await new Promise((resolve) => setImmediate(resolve));
  expect(unobserved).toEqual([expect.objectContaining({ code: 'invalid-option' })]);
});

it("a call's time limits go with it, and a pair that makes no sense is refused", async () => {
  const { sent, send } = openProducer();
  send({ timeLimit: 300 });
  send();
  expect(sent.map(({ envelope }) => envelope.limits)).toEqual([
    { timeLimit: 300, softTimeLimit: undefined },
    undefined,
  ]);
  await expect(send({ timeLimit: 300, softTimeLimit: 300 }).published).rejects.toMatchObject({
    code: 'invalid-option',
    message: expect.stringContaining('expected less than the timeLimit of 300 ms'),
  });
});

describe('a call with times', () => {
  it('has them in its envelope, counted from the call, and says when it may start', () => {
    const { clock, sent, send } = openProducer();
    const now = clock.wallTime();
    send({ countdown: 5_000, expires: 6_000 });
    send({ expires: 100 });
    expect(sent[0]).toMatchObject({ eta: now + 5_000, envelope: { eta: now + 5_000, expires: now + 6_000 } });
    expect(sent[1]?.eta).toBeUndefined();
    expect(sent[1]?.envelope).toMatchObject({ eta: undefined, expires: now + 100 });
  });

  it('a call without any carries no field for them', () => {
    const { sent, send } = openProducer();
    send();
    for (const fields of [sent[0], sent[0]?.envelope]) {
      expect(Object.keys(fields ?? {})).not.toContain('eta');
      expect(Object.keys(fields ?? {})).not.toContain('expires');
    }
  });

  it('ends with invalid-option when they cannot be, and is not sent', async () => {
    const { sent, send } = openProducer();
    const result = send({ countdown: 100_001 });
    await expect(result.published).rejects.toMatchObject({ name: 'PublishError', code: 'invalid-option' });
    await expect(result.get()).rejects.toThrow('countdown: expected a start within 100s (100000 ms)');
    expect(sent).toEqual([]);
  });

  it('shows middleware that it goes to an exchange', async () => {
    const seen: unknown[] = [];
    const stack = new MiddlewareStack();
    stack.use({
      publish: ({ queue, exchange, routingKey }, next) => {
        seen.push([queue, exchange, routingKey]);
        return next();
      },
    });
    const { sent, send } = openProducer({ middleware: stack });
    send({ queue: 'q', exchange: 'events', routingKey: 'a.b' }).forget();
    send({ queue: 'q' }).forget();
    expect(seen).toEqual([
      ['q', 'events', 'a.b'],
      ['q', undefined, undefined],
    ]);
    expect(sent.map(({ target }) => target)).toEqual([
      { exchange: expect.stringMatching(/events$/), routingKey: 'a.b' },
      undefined,
    ]);
  });

  it('shows them to middleware, whose time counts', async () => {
    const held = gate();
    const seen: unknown[] = [];
    const stack = new MiddlewareStack();
    stack.use({
      publish: async ({ eta, expires }, next) => {
        seen.push(eta, expires);
        await held.opened;
        return next();
      },
    });
    const { clock, sent, send } = openProducer({ middleware: stack });
    const now = clock.wallTime();
    const result = send({ countdown: 10, expires: 20 });
    expect(seen).toEqual([new Date(now + 10), new Date(now + 20)]);
    clock.advance(5);
    held.open();
    await expect.poll(() => sent.length).toBe(1);
    expect(sent[0]).toMatchObject({ eta: now + 10, envelope: { eta: now + 10, expires: now + 20 } });
    result.forget();
  });
});

describe('routes', () => {
  const openRouted = (routes: Routes, more = {}) => openProducer({ router: new Router(routes), ...more });

  it('lead a call to a queue with a priority, or to an exchange with a key', () => {
    const { sent, send } = openRouted(
      [({ args }) => (args[0] === 1 ? { queue: 'math', priority: 4 } : { exchange: 'logs', routingKey: 'a.b' })],
      { prefix: 'eu.' },
    );
    send({}, [1]);
    send({}, [2]);
    expect(sent[0]).toMatchObject({ queue: 'eu.math', envelope: { priority: 4 } });
    expect(sent[0]?.target).toBeUndefined();
    expect(sent[1]?.target).toEqual({ exchange: 'eu.logs', routingKey: 'a.b' });
  });

  it('reject the call where a function among them fails, and send nothing', async () => {
    const { sent, send } = openRouted([() => 7 as never]);
    const result = send();
    await expect(result.published).rejects.toMatchObject({ name: 'PublishError', code: 'route-failed' });
    await expect(result.get()).rejects.toBe(await result.published.catch((error: unknown) => error));
    expect(sent).toEqual([]);
  });

  it('are followed before the middleware, which sees where the call goes and may change its queue', () => {
    const middleware = new MiddlewareStack();
    const seen: unknown[] = [];
    middleware.use({
      publish: (call, next) => {
        seen.push([call.queue, call.exchange, call.routingKey, call.priority]);
        if (call.exchange === undefined) call.queue = 'changed';
        return next();
      },
    });
    const { sent, send } = openRouted(
      [({ args }) => (args[0] === 1 ? { queue: 'math', priority: 4 } : { exchange: 'logs' })],
      { middleware },
    );
    send({}, [1]);
    send({}, [2]);
    expect(seen).toEqual([
      ['math', undefined, undefined, 4],
      ['tq', 'logs', undefined, undefined],
    ]);
    expect(sent[0]).toMatchObject({ queue: 'changed' });
    expect(sent[1]?.target).toEqual({ exchange: 'logs', routingKey: '' });
  });

  it("lead the task of a call's onFailure to its queue, and refuse one that goes to an exchange", async () => {
    const { sent, send } = openRouted({ report: 'failures', log: { exchange: 'logs' } });
    send({ onFailure: { task: 'report' } });
    send({ onFailure: { task: 'report', queue: 'own' } });
    expect(sent.map(({ envelope }) => envelope.onFailure?.queue)).toEqual(['failures', 'own']);
    await expect(send({ onFailure: { task: 'log' } }).published).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining("found 'log', which routes send to the exchange 'logs'. Name its queue"),
    });
  });
});
