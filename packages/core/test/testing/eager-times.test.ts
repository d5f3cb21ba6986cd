import { createApp, currentTask, type EarlierError, Ignore, Reject, Retry, type TaskFailure } from '@tq/core';
import { createTestApp, ManualClock, whenIdle } from '@tq/core/testing';
import { describe, expect, it } from 'vitest';
import { testRuntime } from '../test-runtime.js';

const START = Date.UTC(2026, 0, 1);
const { logger } = testRuntime();

const withClock = () => {
  const clock = new ManualClock(START);
  return { clock, app: createTestApp({ clock, logger }) };
};

const errorOf = (result: { get(): Promise<unknown> }) => result.get().catch((error: unknown) => error);

describe('a task that waits for its time', () => {
  it('starts when the clock says so and not before, by countdown and by eta', async () => {
    const { clock, app } = withClock();
    const seen: string[] = [];
    const task = app.task('note', (name: string) => seen.push(`${name} at ${clock.wallTime() - START}`));
    const late = task.apply(['late'], { countdown: 3_600_000 });
    task.apply(['soon'], { eta: new Date(START + 1_000) });
    task.apply(['at once'], { eta: new Date(START - 1_000) });
    await late.published;
    await whenIdle(app);
    clock.advance(999);
    await whenIdle(app);
    expect(seen).toEqual(['at once at 0']);
    clock.advance(1);
    await whenIdle(app);
    clock.advance(3_598_999);
    await whenIdle(app);
    expect(seen).toEqual(['at once at 0', 'soon at 1000']);
    clock.advance(1);
    expect(await late.get()).toBe(3);
    await app.close();
  });

  it('keeps the process alive, and is forgotten with its app, which says so', async () => {
    const runtime = testRuntime();
    const clock = new ManualClock(START);
    const app = createTestApp({ clock, logger: runtime.logger });
    const ran: number[] = [];
    const task = app.task('note', (n: number) => ran.push(n));
    const waiting = [task.apply([1], { countdown: 10 }), task.apply([2], { countdown: 20, ignoreResult: true })];
    await waiting[0]?.published;
    expect(clock.referencedTimers).toBe(2);
    await app.close();
    expect(clock.referencedTimers).toBe(0);
    clock.advance(60_000);
    expect(ran).toEqual([]);
    expect(runtime.lines).toMatchObject([{ level: 'warn', fields: { tasks: 2 } }]);
  });

  it('goes by the machine’s clock where the test has none of its own', async () => {
    await using app = createApp({ eager: true, logger });
    const task = app.task('now', () => Date.now());
    const before = Date.now();
    expect(await task.apply([], { countdown: 15 }).get()).toBeGreaterThanOrEqual(before + 15);
  });
});

describe('a task that expires', () => {
  it('is not run, and its caller is told', async () => {
    const { clock, app } = withClock();
    let ran = false;
    const task = app.task('late', () => {
      ran = true;
    });
    const result = task.apply([], { expires: 1_000 });
    const end = errorOf(result);
    clock.advance(1_000);
    expect(await end).toMatchObject({ code: 'task-revoked', reason: 'expired' });
    expect([ran, result.state]).toEqual([false, 'revoked']);
    await app.close();
  });

  it('is run to its end when it has started in time, however long that takes', async () => {
    const { clock, app } = withClock();
    let finish: () => void = () => undefined;
    const task = app.task('slow', () => new Promise<string>((resolve) => (finish = () => resolve('done'))));
    const result = task.apply([], { expires: 1_000 });
    await result.published;
    await Promise.resolve();
    expect(result.state).toBe('started');
    clock.advance(30_000);
    finish();
    expect(await result.get()).toBe('done');
    await app.close();
  });

  it('is not tried again when that would be too late, and fails with its last error at once', async () => {
    const { clock, app } = withClock();
    const told: string[] = [];
    app.task('report', ({ reason, error }: TaskFailure) => told.push(`${reason}: ${error.message}`));
    const fails = () => Promise.reject(new Error(`try ${currentTask().attempt}`));
    const retry = { delay: 400, jitter: false };
    const task = app.task('fails', fails, { retry, onFailure: { task: 'report' } });
    const result = task.apply([], { expires: 1_000 });
    const end = errorOf(result);
    await whenIdle(app);
    expect(result.state).toBe('retry');
    clock.advance(400);
    expect(await end).toMatchObject({ code: 'task-failed', remote: { message: 'try 2' } });
    await whenIdle(app);
    expect(told).toEqual(['failed: try 2']);
    await app.close();
  });
});

describe('a task that is tried again', () => {
  it('runs by its policy’s delays, knowing its earlier errors, until it succeeds', async () => {
    const { clock, app } = withClock();
    const tries: { attempt: number; at: number; errors: readonly EarlierError[] }[] = [];
    const task = app.task(
      'flaky',
      (value: string) => {
        const { attempt, errors, headers } = currentTask();
        tries.push({ attempt, at: clock.wallTime() - START, errors });
        if (attempt < 4) throw new RangeError(`try ${attempt}`);
        return [value, headers];
      },
      { retry: { delay: 100, jitter: false } },
    );
    const result = task.apply(['x'], { headers: { tenant: 'acme' } });
    await whenIdle(app);
    expect(result.state).toBe('retry');
    clock.advance(99);
    await whenIdle(app);
    expect(tries).toHaveLength(1);
    for (const ms of [1, 200, 400]) {
      clock.advance(ms);
      await whenIdle(app);
    }
    expect(await result.get()).toEqual(['x', { tenant: 'acme' }]);
    expect(tries.map(({ attempt, at }) => [attempt, at])).toEqual([
      [1, 0],
      [2, 100],
      [3, 300],
      [4, 700],
    ]);
    expect(tries[3]?.errors).toEqual([
      { attempt: 1, error: 'RangeError: try 1', time: '2026-01-01T00:00:00.000Z' },
      { attempt: 2, error: 'RangeError: try 2', time: '2026-01-01T00:00:00.100Z' },
      { attempt: 3, error: 'RangeError: try 3', time: '2026-01-01T00:00:00.300Z' },
    ]);
    await app.close();
  });

  it('fails with its last error when no tries are left, for the call’s count too', async () => {
    await using app = createTestApp({ logger });
    const fails = () => {
      throw new Error(`try ${currentTask().attempt}`);
    };
    const task = app.task('fails', fails, { retry: { maxRetries: 2, delay: 0 } });
    expect(await errorOf(task.delay())).toMatchObject({ code: 'task-failed', remote: { message: 'try 3' } });
    const one = task.apply([], { retry: { maxRetries: 1 } });
    expect(await errorOf(one)).toMatchObject({ remote: { message: 'try 2' } });
    expect(await errorOf(task.apply([], { retry: false }))).toMatchObject({ remote: { message: 'try 1' } });
    const without = app.task('without', fails);
    expect(await errorOf(without.delay())).toMatchObject({ remote: { message: 'try 1' } });
    expect(await errorOf(without.apply([], { retry: { delay: 0 } }))).toMatchObject({ remote: { message: 'try 4' } });
  });

  it('ends as it says by Retry, Reject and Ignore', async () => {
    await using app = createTestApp({ logger });
    const verdicts = {
      Retry: () => new Retry({ delay: 0 }),
      Reject: () => new Reject('no'),
      Ignore: () => new Ignore(),
    };
    const task = app.task('decides', (name: keyof typeof verdicts) => {
      const { attempt } = currentTask();
      if (attempt === 2) return 'second';
      throw verdicts[name]();
    });
    expect(await task.delay('Retry').get()).toBe('second');
    expect(await errorOf(task.delay('Reject'))).toMatchObject({ remote: { name: 'Reject', code: 'rejected' } });
    expect(await errorOf(task.delay('Ignore'))).toMatchObject({ code: 'task-revoked', reason: 'ignored' });
  });

  it('refuses functions and classes that a call cannot carry', async () => {
    await using app = createTestApp({ logger });
    const task = app.task('any', () => 1);
    const retry = { retryOn: [RangeError] } as object;
    await expect(task.apply([], { retry }).published).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('retry.retryOn: expected data'),
    });
  });

  it('is told to middleware, and its last failure to the task that its onFailure names', async () => {
    await using app = createTestApp({ logger });
    const told: string[] = [];
    app.use({ retry: (run, { attempt, error }) => told.push(`${run.context.task} ${attempt} ${error.message}`) });
    const failures: TaskFailure[] = [];
    const onFailure = app.task('clean', (failure: TaskFailure) => failures.push(failure));
    const task = app.task('fails', () => Promise.reject(new Error('no')), {
      retry: { maxRetries: 1, delay: 0 },
      onFailure,
    });
    await errorOf(task.apply([], { taskId: 'id-1' }));
    await whenIdle(app);
    expect(told).toEqual(['fails 1 no']);
    expect(failures).toMatchObject([
      { id: 'id-1', task: 'fails', queue: 'tq', attempt: 2, reason: 'failed', error: { name: 'Error', message: 'no' } },
    ]);
  });
});
