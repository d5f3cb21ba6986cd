import { expect, test } from 'vitest';
import { scaled, scaledLimit } from './fixtures/scale.js';
import { numbers, openScene } from './fixtures/scene.js';

const TASKS = scaled(200);
const CLEAN = { code: 0, signal: null };

test.each(['quorum', 'classic'] as const)(
  `SIGTERM in the middle of ${TASKS} tasks loses none and runs none twice (%s queue)`,
  async (queueType) => {
    await using scene = await openScene({ queueType });
    const first = await scene.worker();
    const results = await scene.tasks.echo.bulk(numbers(TASKS).map((n) => [n, 5]));
    await scene.journal.until((entries) => entries.length >= TASKS / 4);
    first.signal('SIGTERM');
    expect(await first.ended, first.log()).toEqual(CLEAN);
    const before = scene.journal.starts().length;
    expect(before).toBeLessThan(TASKS);
    expect(results.filter(({ state }) => state === 'success').length).toBeLessThan(TASKS);

    await scene.worker();
    expect(await Promise.all(results.map((result) => result.get()))).toEqual(numbers(TASKS));
    expect(scene.journal.starts()).toHaveLength(TASKS);
    expect(new Set(scene.journal.starts().map(({ id }) => id)).size).toBe(TASKS);
  },
  scaledLimit(30_000),
);

test('a warm stop waits for the task that runs and gives back the one that has not started', async () => {
  await using scene = await openScene();
  const first = await scene.worker({ concurrency: 1, prefetchMultiplier: 2 });
  const [running, waiting] = await scene.tasks.hold.bulk([[1], [2]]);
  if (running === undefined || waiting === undefined) throw new Error('expected two results');
  await scene.journal.entry({ event: 'started', id: running.id });
  first.signal('SIGTERM');
  await first.health(({ state }) => state === 'stopping');
  const second = await scene.worker();
  await scene.journal.entry({ event: 'started', id: waiting.id, pid: second.pid });
  scene.journal.release(waiting.id);
  expect(await waiting.get()).toBe(2);
  scene.journal.release(running.id);
  expect(await running.get()).toBe(1);
  expect(await first.ended, first.log()).toEqual(CLEAN);
  expect(scene.journal.starts({ id: running.id }).map(({ pid }) => pid)).toEqual([first.pid]);
  expect(scene.journal.starts({ id: waiting.id }).map(({ pid }) => pid)).toEqual([second.pid]);
});

test.each([
  ['a second SIGTERM', { shutdownTimeout: 600_000 }, ['SIGTERM', 'SIGTERM']],
  ['the shutdown timeout', { shutdownTimeout: 100 }, ['SIGTERM']],
] as const)(
  '%s aborts the task that runs and gives it back, and another worker runs it',
  async (_, options, signals) => {
    await using scene = await openScene();
    const first = await scene.worker({ ...options, abortGrace: 5_000 });
    const result = scene.tasks.hold.delay(1);
    await scene.journal.entry({ event: 'started', id: result.id });
    for (const signal of signals) {
      first.signal(signal);
      await first.health(({ state }) => state === 'stopping');
    }
    await scene.journal.entry({ event: 'aborted', id: result.id, pid: first.pid });
    expect(await first.ended, first.log()).toEqual(CLEAN);

    const second = await scene.worker();
    await scene.journal.entry({ event: 'started', id: result.id, pid: second.pid });
    scene.journal.release(result.id);
    expect(await result.get()).toBe(1);
    expect(scene.journal.starts()).toHaveLength(2);
  },
);

test('a cold stop kills the thread of a task that does not heed its signal, and gives the task back', async () => {
  await using scene = await openScene();
  const first = await scene.worker({ shutdownTimeout: 100, abortGrace: 100 });
  const result = scene.tasks.block.delay(1_500);
  await scene.journal.entry({ event: 'started', id: result.id });
  first.signal('SIGTERM');
  expect(await first.ended, first.log()).toEqual(CLEAN);
  const second = await scene.worker();
  expect(await result.get()).toBe(1_500);
  expect(scene.journal.starts().map(({ pid }) => pid)).toEqual([first.pid, second.pid]);
});
