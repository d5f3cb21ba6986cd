import { expect, test } from 'vitest';
import { scaled, scaledLimit } from './fixtures/scale.js';
import { numbers, openScene } from './fixtures/scene.js';

const TASKS = scaled(200);
const SLOTS = 4;

test(
  `a worker killed in the middle of ${TASKS} tasks loses none while another one runs`,
  async () => {
    await using scene = await openScene();
    const victim = await scene.worker({ concurrency: SLOTS });
    await scene.worker({ concurrency: SLOTS });
    const results = await scene.tasks.echo.bulk(numbers(TASKS).map((n) => [n, 5]));
    await scene.journal.until(() => scene.journal.starts({ pid: victim.pid }).length >= TASKS / 5);
    expect(await victim.kill()).toEqual({ code: null, signal: 'SIGKILL' });

    expect(await Promise.all(results.map((result) => result.get()))).toEqual(numbers(TASKS));
    const runs = scene.journal.starts();
    expect(new Set(runs.map(({ id }) => id)).size).toBe(TASKS);
    // Only what the broker had given to the victim and got no ack for runs again.
    expect(runs.length).toBeLessThanOrEqual(TASKS + SLOTS);
  },
  scaledLimit(30_000),
);
