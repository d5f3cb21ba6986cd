import { expect, test } from 'vitest';
import { scaled, scaledLimit } from './fixtures/scale.js';
import { numbers, openScene } from './fixtures/scene.js';

const TASKS = scaled(220);
const TASK_MS = 20;

test(
  'of two workers the one that is ten times slower gets about a tenth of the tasks',
  async () => {
    await using scene = await openScene();
    const fast = await scene.worker({ concurrency: 2 });
    const slow = await scene.worker({ concurrency: 2, env: { TQ_FAULTS_SLOWNESS: '10' } });
    const results = await scene.tasks.echo.bulk(numbers(TASKS).map((n) => [n, TASK_MS]));
    await Promise.all(results.map((result) => result.get()));
    const done = {
      fast: scene.journal.starts({ pid: fast.pid }).length,
      slow: scene.journal.starts({ pid: slow.pid }).length,
    };
    expect(done.fast + done.slow).toBe(TASKS);
    expect(done.slow).toBeGreaterThan(0);
    expect(done.fast / done.slow).toBeGreaterThanOrEqual(4);
  },
  scaledLimit(30_000),
);

test('a worker that joins while all tasks wait for a busy one gets work at once', async () => {
  await using scene = await openScene();
  const busy = await scene.worker({ concurrency: 2 });
  const results = numbers(6).map((n) => scene.tasks.hold.delay(n));
  await scene.journal.until((entries) => entries.length === 2);
  const late = await scene.worker({ concurrency: 2 });
  await scene.journal.until((entries) => entries.filter(({ pid }) => pid === late.pid).length === 2);
  expect(scene.journal.starts({ pid: busy.pid })).toHaveLength(2);
  for (const { id } of results) scene.journal.release(id);
  expect(await Promise.all(results.map((result) => result.get()))).toEqual(numbers(6));
  expect(scene.journal.starts()).toHaveLength(6);
});
