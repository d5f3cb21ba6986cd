import { randomUUID } from 'node:crypto';
import { ResultTimeoutError, TaskFailedError } from '@tq/core';
import { createWorker, type WorkerOptions } from '@tq/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPeer, queueState, takeAll } from '../support/broker.js';
import type * as tasks from './fixtures/tasks.js';
import { openApp, rejection, type TestApp } from './fixtures/test-app.js';

const MODULE = new URL('fixtures/tasks.js', import.meta.url);

/** A worker for the queues of a test's prefix. */
async function startWorker(prefix: string, options: WorkerOptions = {}): Promise<AsyncDisposable> {
  const { app } = openApp({ prefix });
  const worker = createWorker(app, { tasks: [MODULE], concurrency: 1, ...options });
  await worker.start();
  return {
    [Symbol.asyncDispose]: async () => {
      await worker.stop();
      await app.close();
    },
  };
}

describe('with a worker', () => {
  let test: TestApp;
  let worker: AsyncDisposable;
  beforeAll(async () => {
    test = openApp();
    worker = await startWorker(test.prefix);
  });
  afterAll(async () => {
    await worker[Symbol.asyncDispose]();
    await test[Symbol.asyncDispose]();
  });

  it.each<[string, unknown]>([
    ['Date', new Date(1_234_567_890_123)],
    [
      'Map',
      new Map<unknown, unknown>([
        ['a', 1],
        [{ key: 'object' }, new Map([[1, 2]])],
      ]),
    ],
    ['Set', new Set(['a', 1, new Date(0)])],
    ['BigInt', 2n ** 80n],
    ['NaN', Number.NaN],
    ['infinities', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['minus zero', -0],
    ['undefined', undefined],
    ['undefined in an array', [1, undefined, null]],
    ['Uint8Array', new Uint8Array([0, 1, 254, 255])],
    ['text of every plane', 'ä€😀\u0000\u2028"\\'],
    ['what looks like a typed value', { __type__: 'datetime', __value__: 'tomorrow' }],
    ['a nest', { list: [{ when: new Date(5), ids: new Set([1n]) }], none: null }],
  ])('carries %s there and back unchanged', async (_, value) => {
    const { inspect } = await import('node:util');
    const { app } = test;
    const seen = await app.declareTask<typeof tasks.describe>('describe').delay(value).get();
    const back = await app.declareTask<typeof tasks.echo>('echo').delay(value).get();
    expect(seen).toBe(inspect(value));
    expect(back).toEqual(value);
    expect(inspect(back)).toBe(inspect(value));
  });

  it('gives the result of one call any number of times', async () => {
    const result = test.app.declareTask<typeof tasks.echo>('echo').delay('once');
    expect(result.state).toBe('pending');
    await result.published;
    expect(await Promise.all([result.get(), result.get()])).toEqual(['once', 'once']);
    expect(result.state).toBe('success');
    expect(await result.get({ timeout: 1 })).toBe('once');
    await result.published;
  });

  it("rejects with the remote error's name, message, code, stack and cause", async () => {
    const result = test.app.declareTask<typeof tasks.fail>('fail').delay('too far');
    const error = (await rejection(result.get())) as TaskFailedError;
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({
      code: 'task-failed',
      message: 'RangeError: too far',
      taskId: result.id,
      remote: { name: 'RangeError', message: 'too far', stack: expect.stringContaining('tasks.js') },
      cause: { message: 'Error: root cause' },
    });
    expect(result.state).toBe('failure');
    expect(await rejection(result.get())).toBe(error);
  });

  it('tells a task of its call: id, queue, headers, attempt', async () => {
    const taskId = `my-${randomUUID()}`;
    const task = test.app.declareTask<typeof tasks.family>('family', { headers: { team: 'blue', trace: 'a' } });
    const value = await task.apply([], { taskId, headers: { trace: 'b' } }).get();
    expect(value).toEqual({
      id: taskId,
      rootId: taskId,
      parentId: undefined,
      queue: `${test.prefix}tq`,
      headers: { team: 'blue', trace: 'b' },
      attempt: 1,
    });
  });

  it('says when the worker knows no such task', async () => {
    const task = test.app.task('nobody knows', () => 1);
    const error = (await rejection(task.delay().get())) as TaskFailedError;
    expect(error).toMatchObject({ code: 'task-failed', remote: { code: 'unknown-task' } });
    expect(error.message).toContain("'nobody knows'");
  });

  it('sends 5,000 calls of a bulk through an outbox of 50, in order, and gives each its result', async () => {
    await using bulk = openApp({ prefix: test.prefix, outboxMessages: 50 });
    await using _ = await startWorker(test.prefix, { concurrency: 4, prefetchMultiplier: 50 });
    const task = bulk.app.declareTask<typeof tasks.echo>('echo');
    const numbers = Array.from({ length: 5_000 }, (_, index) => index);
    const results = await task.bulk(numbers.map((n) => [n]));
    expect(results.every(({ state }) => state !== 'pending')).toBe(true);
    expect(await Promise.all(results.map((result) => result.get()))).toEqual(numbers);
  });
});

describe('without a worker', () => {
  it('get() ends at its timeout and says what is known: the depth of the queue and its consumers', async () => {
    await using test = openApp();
    await using peer = await openPeer();
    const queue = `${test.prefix}math`;
    const task = test.app.declareTask<typeof tasks.echo>('echo', { queue: 'math' });
    const results = await task.bulk([[1], [2], [3]]);
    const [first] = results;
    if (first === undefined) throw new Error('expected three results');
    const error = await rejection(first.get({ timeout: 50 }));
    expect(error).toBeInstanceOf(ResultTimeoutError);
    expect(error).toMatchObject({ code: 'result-timeout', fields: { taskId: first.id, queue, timeoutMs: 50 } });
    expect(error.message).toBe(
      `No result of task 'echo' within 50ms: '${queue}' has 3 messages and no consumer: is a worker running on it?`,
    );
    await peer.channel.prefetch(1);
    await peer.channel.consume(queue, () => undefined);
    expect((await rejection(first.get({ timeout: 50 }))).message).toContain(
      `'${queue}' has 2 messages waiting and 1 consumer.`,
    );
    await peer.close();
    await using _ = await startWorker(test.prefix, { queues: ['math'] });
    expect(await Promise.all(results.map((result) => result.get()))).toEqual([1, 2, 3]);
  });

  it('get() takes the timeout of the app where it is told none', async () => {
    await using test = openApp({ resultTimeout: 40 });
    const error = await rejection(
      test.app
        .task('echo', () => 1)
        .delay()
        .get(),
    );
    expect(error.message).toContain("No result of task 'echo' within 40ms");
  });

  it('get() ends with its signal, the wait alone, and another may go on', async () => {
    await using test = openApp();
    const result = test.app.declareTask<typeof tasks.echo>('echo').delay('still there');
    const controller = new AbortController();
    const waiting = result.get({ signal: controller.signal });
    const other = result.get();
    const reason = new Error('page closed');
    controller.abort(reason);
    expect(await rejection(waiting)).toMatchObject({ code: 'result-aborted', cause: reason });
    expect(await rejection(result.get({ signal: controller.signal }))).toMatchObject({ code: 'result-aborted' });
    await using _ = await startWorker(test.prefix);
    expect(await other).toBe('still there');
  });

  it('forget() ends every wait, and the reply that comes is dropped', async () => {
    await using test = openApp();
    const task = test.app.declareTask<typeof tasks.echo>('echo');
    const forgotten = task.delay('forgotten');
    const waiting = rejection(forgotten.get());
    await forgotten.published;
    forgotten.forget();
    expect(await waiting).toMatchObject({ code: 'result-forgotten' });
    await using _ = await startWorker(test.prefix);
    expect(await task.delay('next').get()).toBe('next');
    expect(await rejection(forgotten.get())).toMatchObject({ code: 'result-forgotten' });
  });

  it('the oldest of too many awaited results is given up', async () => {
    await using test = openApp({ maxWaiters: 2 });
    const task = test.app.declareTask<typeof tasks.echo>('echo');
    const results = await task.bulk([['a'], ['b'], ['c']]);
    const error = await rejection(Promise.resolve(results[0]?.get()));
    expect(error).toMatchObject({ code: 'result-forgotten', fields: { taskId: results[0]?.id } });
    expect(error.message).toContain('More than 2 results are awaited');
    await using _ = await startWorker(test.prefix);
    expect(await Promise.all(results.slice(1).map((result) => result.get()))).toEqual(['b', 'c']);
  });

  it('ignoreResult asks for no reply, and get() says so at once', async () => {
    await using test = openApp();
    await using peer = await openPeer();
    const result = test.app.task('echo', () => 1).apply([], { ignoreResult: true });
    await result.published;
    const error = await rejection(result.get());
    expect(error.message).toContain('was called with ignoreResult, so no result will come');
    const [message] = await takeAll(peer, `${test.prefix}tq`);
    expect(message?.properties.replyTo).toBeUndefined();
    expect(message?.properties.headers?.ignore_result).toBe(true);
  });

  it('close() ends open waits, and waits for what is not confirmed', async () => {
    const { app, prefix } = openApp();
    const task = app.task('echo', () => 1);
    const waiting = rejection(task.delay().get());
    const { published } = task.delay();
    await Promise.all([app.close(), app.close()]);
    await published;
    expect(await waiting).toMatchObject({ code: 'closed' });
    await using peer = await openPeer();
    expect(await queueState(peer, `${prefix}tq`)).toEqual({ messages: 2, consumers: 0 });
  });

  it('a prefix goes before every name', async () => {
    await using test = openApp();
    await using peer = await openPeer();
    await test.app.task('echo', () => 1, { queue: 'mail' }).delay().published;
    const [message] = await takeAll(peer, `${test.prefix}mail`);
    expect(message?.properties.replyTo).toMatch(new RegExp(`^${test.prefix.replaceAll('.', '\\.')}tq\\.reply\\.`));
    expect(await queueState(peer, `${test.prefix}mail.dead`)).toEqual({ messages: 0, consumers: 0 });
    await peer.channel.checkExchange(`${test.prefix}tq.dead`);
  });
});

describe('what a foreign consumer sees', () => {
  it('is a complete message of Celery under its preset', async () => {
    await using test = openApp({ preset: 'celery', queueType: undefined });
    await using peer = await openPeer();
    const task = test.app.task('tasks.add', (a: number, b: number) => a + b);
    const result = task.apply([2, 3], { priority: 4, headers: { team: 'blue' } });
    await result.published;
    // Declared as Celery would: redeclaring it without arguments must find the same queue.
    await peer.channel.assertQueue(`${test.prefix}celery`, { durable: true });
    const [message] = await takeAll(peer, `${test.prefix}celery`);
    expect(String(message?.content)).toBe('[[2,3],{},{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]');
    expect(message?.fields).toMatchObject({ exchange: '', routingKey: `${test.prefix}celery` });
    expect(message?.properties).toMatchObject({
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      priority: 4,
      correlationId: result.id,
      replyTo: expect.stringContaining('tq.reply.'),
      headers: {
        lang: 'js',
        task: 'tasks.add',
        id: result.id,
        shadow: null,
        eta: null,
        expires: null,
        group: null,
        group_index: null,
        retries: 0,
        timelimit: [null, null],
        root_id: result.id,
        parent_id: null,
        argsrepr: '[2,3]',
        kwargsrepr: '{}',
        origin: expect.stringMatching(/^tq\d+@/),
        ignore_result: false,
        team: 'blue',
      },
    });
  });

  it('is compact and persistent by default', async () => {
    await using test = openApp();
    await using peer = await openPeer();
    const result = test.app.task('add', (a: number, b: number) => a + b).delay(2, 3);
    await result.published;
    const [message] = await takeAll(peer, `${test.prefix}tq`);
    expect(String(message?.content)).toMatch(/^\[\[2,3\],\{\},/);
    expect(message?.properties).toMatchObject({
      deliveryMode: 2,
      contentType: 'application/json',
      correlationId: result.id,
    });
    expect(Object.keys(message?.properties.headers ?? {}).length).toBeLessThan(8);
  });
});
