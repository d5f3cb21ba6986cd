/** What tasks say of their progress, from real workers through the broker. */
import { type AsyncResult, chain, chord, currentTask, type GroupResult, Retry, type TaskProgress } from '@tq/core';
import { createWorker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import type * as tasks from './fixtures/tasks.js';
import { openApp, problems, type TestApp } from './fixtures/test-app.js';

/** A gate that a test opens once it has seen enough. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
}

async function startWorker({ app }: TestApp) {
  const worker = createWorker(app, { pool: 'async', concurrency: 4 });
  await worker.start();
  return worker;
}

describe('the progress of a task', () => {
  it.each(['thread', 'process', 'async'] as const)(
    'comes to its caller, the last word before the end (%s)',
    async (pool) => {
      await using test = openApp();
      await using worker = createWorker(test.app, {
        pool,
        concurrency: 1,
        tasks: [new URL('fixtures/tasks.js', import.meta.url)],
      });
      await worker.start();
      const result = test.app.declareTask<typeof tasks.steps>('steps').delay(1_000);
      const seen: TaskProgress[] = [];
      for await (const progress of result.progress()) seen.push(progress);
      expect(seen.at(-1)).toEqual({ done: 1_000, total: 1_000, message: 'step 1000' });
      expect(await result.get()).toBe(1_000);
      expect(problems(test.lines)).toEqual([]);
    },
  );

  it('comes while the task goes on, to every reader, and at once to one that comes late', async () => {
    await using test = openApp();
    const [second, end] = [gate(), gate()];
    const task = test.app.task('gated', async () => {
      const { progress } = currentTask();
      progress(1, 2);
      await second.opened;
      progress(2, 2, 'almost');
      await end.opened;
    });
    await using _worker = await startWorker(test);
    const result = task.delay();
    const [one, other] = [result.progress(), result.progress()].map((readable) => readable[Symbol.asyncIterator]());
    const first = { done: false, value: { done: 1, total: 2, message: undefined } };
    expect([await one?.next(), await other?.next()]).toEqual([first, first]);
    expect(result.state).toBe('started');
    second.open();
    const next = { done: false, value: { done: 2, total: 2, message: 'almost' } };
    expect([await one?.next(), await other?.next()]).toEqual([next, next]);
    const late = result.progress()[Symbol.asyncIterator]();
    expect(await late.next()).toEqual(next);
    end.open();
    expect((await late.next()).done).toBe(true);
    expect(await result.get()).toBeUndefined();
  });

  it('starts anew with the next try, and ends with a failure, which get() tells', async () => {
    await using test = openApp({ delayUnit: 10 });
    const seenFirst = gate();
    const task = test.app.task('flaky', async () => {
      const { attempt, progress } = currentTask();
      progress(attempt === 1 ? 90 : 5, 100, `try ${attempt}`);
      if (attempt > 1) throw new RangeError('no good');
      await seenFirst.opened;
      throw new Retry({ delay: 0 });
    });
    await using _worker = await startWorker(test);
    const result = task.delay();
    const seen: unknown[] = [];
    for await (const { done, message } of result.progress()) {
      seen.push([done, message]);
      seenFirst.open();
    }
    expect(seen).toEqual([
      [90, 'try 1'],
      [5, 'try 2'],
    ]);
    await expect(result.get()).rejects.toMatchObject({ code: 'task-failed', message: 'RangeError: no good' });
  });

  it('that makes no sense fails the task that says it, with what was wrong', async () => {
    await using test = openApp();
    const task = test.app.task('senseless', () => currentTask().progress(Number.NaN, 10));
    await using _worker = await startWorker(test);
    const text = 'TqError: progress(done, total, message): done: expected a finite number from 0 on, found NaN.';
    await expect(task.delay().get()).rejects.toMatchObject({ message: text, remote: { code: 'invalid-option' } });
  });

  it("is each step's own in a canvas: of a chain's steps, of a chord's members and of its body", async () => {
    await using test = openApp();
    const say = test.app.task('say', (done: number) => {
      currentTask().progress(done, 9);
      return done;
    });
    const total = test.app.task('total', (list: number[]) => {
      currentTask().progress(9, 9);
      return list.length;
    });
    await using _worker = await startWorker(test);
    const last = async (result: unknown) => {
      let told: number | undefined;
      for await (const { done } of (result as AsyncResult<unknown>).progress()) told = done;
      return told;
    };
    const joined = chord([say.s(1), chain(say.s(2), say.s())], total.s()).delay();
    expect(await last(joined)).toBe(9);
    expect(await joined.get()).toBe(2);
    const [one, two] = (joined.parent as GroupResult<unknown[]>).results;
    expect([await last(one), await last(two), await last((two as AsyncResult<unknown>).parent)]).toEqual([1, 2, 2]);
    const chained = chain(say.s(3), say.s()).delay();
    expect([await last(chained), await last(chained.parent)]).toEqual([3, 3]);
  });

  it('holds up no task whose caller is gone', async () => {
    await using test = openApp();
    const reported = gate();
    const going = gate();
    const task = test.app.task('orphan', async () => {
      await going.opened;
      for (let done = 0; done < 100; done++) currentTask().progress(done, 100);
      reported.open();
    });
    await using worker = await startWorker(test);
    await using caller = openApp({ prefix: test.prefix });
    const call = caller.app.declareTask<typeof task>('orphan').delay();
    await call.published;
    await caller.app.close();
    going.open();
    await reported.opened;
    await worker.stop();
    expect(worker.health().ended).toMatchObject({ success: 1 });
  });

  it('comes to nobody of a call that asked for no result, and reading it says so', async () => {
    await using test = openApp();
    const task = test.app.task('ignored', () => currentTask().progress(1, 1));
    await using _worker = await startWorker(test);
    const result = task.apply([], { ignoreResult: true });
    await result.published;
    expect(() => result.progress()).toThrow(expect.objectContaining({ code: 'result-forgotten' }));
  });

  it('comes in an eager app too', async () => {
    await using test = openApp({ eager: true });
    const task = test.app.task('eager', (steps: number) => {
      for (let done = 0; done <= steps; done++) currentTask().progress(done, steps);
    });
    const seen: number[] = [];
    for await (const { done } of task.delay(50).progress()) seen.push(done);
    expect(seen.at(-1)).toBe(50);
  });
});
