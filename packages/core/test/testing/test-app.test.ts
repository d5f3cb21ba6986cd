import { AsyncLocalStorage } from 'node:async_hooks';
import { createApp, currentTask, TaskFailedError } from '@tq/core';
import { createTestApp, ManualClock, whenIdle } from '@tq/core/testing';
import { createWorker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { testRuntime } from '../test-runtime.js';

const { logger } = testRuntime();

it('runs a task in the process that calls it, and gives its result', async () => {
  await using app = createTestApp();
  const fib = app.task('fib', (n: number): number => (n < 2 ? n : fib.run(n - 1) + fib.run(n - 2)));
  expect(await fib.delay(20).get()).toBe(6765);
});

it('starts a task after the code that called it, and outside of its asynchronous context', async () => {
  await using app = createTestApp();
  const storage = new AsyncLocalStorage<string>();
  const seen: string[] = [];
  const task = app.task('look', () => seen.push(`ran with ${storage.getStore()}`));
  await storage.run("the caller's", async () => {
    const result = task.delay();
    seen.push(result.state);
    await result.published;
    await result.get();
    seen.push(result.state);
  });
  expect(seen).toEqual(['pending', 'ran with undefined', 'success']);
});

it('hands over copies, as a broker would: what the caller changes later does not reach the task', async () => {
  await using app = createTestApp();
  const task = app.task('list', (values: number[], at: Date) => [values.length, at instanceof Date, at.getTime()]);
  const values = [1];
  const result = task.delay(values, new Date(5));
  values.push(2);
  expect(await result.get()).toEqual([1, true, 5]);
});

it('gives a task its context, and its place in the tree of calls', async () => {
  await using app = createTestApp({ prefix: 'dev.' });
  const inner = app.task('inner', () => currentTask().parentId, { queue: 'deep' });
  const outer = app.task('outer', async () => {
    const { id, queue, headers, attempt } = currentTask();
    return { id, queue, headers, attempt, parent: await inner.delay().get({ allowInTask: true }) };
  });
  expect(await outer.apply([], { taskId: 'root', headers: { tenant: 'acme' } }).get()).toEqual({
    id: 'root',
    queue: 'dev.tq',
    headers: { tenant: 'acme' },
    attempt: 1,
    parent: 'root',
  });
});

describe('a call that fails', () => {
  it('rejects with what the task threw, as it would from a worker, and logs it', async () => {
    const runtime = testRuntime();
    await using app = createTestApp({ logger: runtime.logger });
    const task = app.task('breaks', () => {
      throw Object.assign(new RangeError('too far'), { code: 'EFAR' });
    });
    const error = await task
      .delay()
      .get()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({ remote: { name: 'RangeError', message: 'too far', code: 'EFAR' } });
    expect(runtime.lines).toMatchObject([
      { level: 'warn', message: 'task failed: too far', fields: { task: 'breaks' } },
    ]);
  });

  it('rejects when nobody has the task', async () => {
    await using app = createTestApp({ logger });
    const error = app.declareTask('nobody').delay().get();
    await expect(error).rejects.toMatchObject({ remote: { code: 'unknown-task' } });
  });

  it('refuses get() inside a task', async () => {
    await using app = createTestApp({ logger });
    const inner = app.task('inner', () => 1);
    const outer = app.task('outer', () => inner.delay().get());
    await expect(outer.delay().get()).rejects.toMatchObject({ remote: { code: 'result-wait-in-task' } });
  });

  it('refuses what cannot be serialised, on the way there and back', async () => {
    await using app = createTestApp({ logger });
    const task = app.task('echo', (value: unknown) => (value === 'function' ? () => 1 : value));
    await expect(task.delay(() => 1).published).rejects.toMatchObject({ code: 'unserialisable' });
    await expect(task.delay('function').get()).rejects.toMatchObject({ remote: { code: 'unserialisable' } });
  });

  it('refuses a message that is too large, or whose signal was aborted', async () => {
    await using app = createTestApp({ logger, maxMessageBytes: 100 });
    const task = app.task('echo', (value: string) => value);
    await expect(task.delay('x'.repeat(100)).published).rejects.toMatchObject({ code: 'message-too-large' });
    const aborted = task.apply(['x'], { signal: AbortSignal.abort() });
    await expect(aborted.published).rejects.toMatchObject({ code: 'publish-aborted' });
  });

  it('fails after close() as with a broker, and so do open waits', async () => {
    const app = createTestApp({ logger });
    const task = app.task('never', () => new Promise(() => undefined));
    const open = task.delay();
    await open.published;
    const wait = open.get();
    await app.close();
    await expect(wait).rejects.toMatchObject({ code: 'closed' });
    await expect(task.delay().published).rejects.toMatchObject({ code: 'closed' });
  });
});

it('ends close() although the program goes on calling', async () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const app = createTestApp({ logger });
  app.use({
    publish: async (_, next) => {
      await turn();
      await turn();
      await next();
    },
  });
  const task = app.task('tick', () => 1);
  const before = task.delay();
  const codes = new Set<unknown>();
  let closed = false;
  // Each call starts before the one before it has gone.
  const goOn = async () => {
    for (let calls = 0; !closed && calls < 1_000; calls++) {
      task.delay().published.catch((error: { code: string }) => codes.add(error.code));
      await turn();
    }
    return closed;
  };
  const others = goOn();
  await turn();
  await app.close();
  closed = true;
  expect(await others).toBe(true);
  await before.published;
  expect([...codes]).toEqual(['closed']);
});

it('answers with a failure in place of a result that is too large', async () => {
  await using app = createTestApp({ logger, maxMessageBytes: 300 });
  const task = app.task('large', () => 'x'.repeat(300));
  await expect(task.delay().get()).rejects.toMatchObject({ remote: { code: 'message-too-large' } });
});

describe('time', () => {
  it("goes by the test's own clock: get() ends when the test says so", async () => {
    const clock = new ManualClock();
    await using app = createTestApp({ clock, logger });
    const never = app.task('never', () => new Promise(() => undefined));
    const result = never.delay();
    await result.published;
    const wait = result.get({ timeout: 3_600_000 });
    clock.advance(3_600_000);
    await expect(wait).rejects.toMatchObject({ code: 'result-timeout' });
  });

  it("limits a task by the call's soft limit, which wins over the task's", async () => {
    const clock = new ManualClock();
    await using app = createTestApp({ clock, logger });
    const task = app.task(
      'heeds',
      () =>
        new Promise((_, reject) =>
          currentTask().signal.addEventListener('abort', (event) => reject((event.target as AbortSignal).reason)),
        ),
      { softTimeLimit: 10_000 },
    );
    const results = [task.delay(), task.apply([], { softTimeLimit: 2_000 })];
    await Promise.all(results.map(({ published }) => published));
    const ends = results.map((result) => result.get().catch((error: unknown) => error));
    clock.advance(2_000);
    await ends[1];
    expect(results.map(({ state }) => state)).toEqual(['published', 'failure']);
    clock.advance(8_000);
    expect(await Promise.all(ends)).toMatchObject([
      { remote: { code: 'soft-time-limit', message: expect.stringContaining('10000 ms') } },
      { remote: { code: 'soft-time-limit', message: expect.stringContaining('2000 ms') } },
    ]);
    expect(clock.referencedTimers).toBe(0);
  });

  it('cannot end a task at its hard limit, and tells it to end', async () => {
    const clock = new ManualClock();
    await using app = createTestApp({ clock, logger });
    let finish: (value: string) => void = () => undefined;
    const task = app.task('ignores', async () => {
      const { signal } = currentTask();
      const value = await new Promise<string>((resolve) => (finish = resolve));
      return `${value}, ${signal.aborted}`;
    });
    const result = task.apply([], { timeLimit: 1_000, softTimeLimit: undefined });
    await result.published;
    clock.advance(60_000);
    expect(result.state).toBe('published');
    finish('done');
    expect(await result.get()).toBe('done, true');
  });

  it('takes the longest limit that a call may have', async () => {
    await using app = createTestApp({ logger });
    const task = app.task('quick', () => 1);
    expect(await task.apply([], { timeLimit: Number.MAX_SAFE_INTEGER }).get()).toBe(1);
  });

  it('is kept by a wait: the process does not end under a get()', async () => {
    const clock = new ManualClock();
    await using app = createTestApp({ clock, logger });
    let finish: () => void = () => undefined;
    const task = app.task('waits', () => new Promise<void>((resolve) => (finish = resolve)));
    const result = task.delay();
    await result.published;
    expect(clock.referencedTimers).toBe(0);
    const wait = result.get();
    expect(clock.referencedTimers).toBe(1);
    finish();
    await wait;
    expect(clock.referencedTimers).toBe(0);
  });
});

it('tells when nothing runs, for tasks that nobody awaits', async () => {
  await using app = createTestApp({ logger });
  const seen: string[] = [];
  const inner = app.task('inner', async () => {
    await Promise.resolve();
    seen.push('inner');
  });
  const outer = app.task('outer', () => {
    seen.push('outer');
    inner.apply([], { ignoreResult: true });
  });
  outer.apply([], { ignoreResult: true });
  await whenIdle(app);
  expect(seen).toEqual(['outer', 'inner']);
  await whenIdle(app);
});

it('is told apart from an app with a broker', async () => {
  await using app = createApp({ logger });
  await expect(whenIdle(app)).rejects.toMatchObject({ code: 'invalid-option' });
  await using eager = createApp({ eager: true, logger });
  expect(() => createWorker(eager, { pool: 'async' })).toThrow(/An eager app has no broker/);
});
