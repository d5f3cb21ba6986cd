import { expect, test } from 'vitest';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { createProject } from '../support/project.js';
import { runTq, startTq } from '../support/tq-process.js';
import { scaled, scaledLimit } from './fixtures/scale.js';
import { numbers, openScene } from './fixtures/scene.js';

const TASKS = scaled(60);
const KILLS = 5;

test.each(['quorum', 'classic'] as const)(
  `processes of a pool killed under ${KILLS} of ${TASKS} tasks lose none, and only those run again (%s queue)`,
  async (queueType) => {
    await using scene = await openScene({ queueType });
    const worker = await scene.worker({ pool: 'process', concurrency: 2 });
    const held = numbers(KILLS).map((n) => scene.tasks.hold.delay(n));
    const others = await scene.tasks.echo.bulk(numbers(TASKS - KILLS).map((n) => [n]));
    for (const { id } of held) {
      const { pid } = await scene.journal.entry({ event: 'started', id });
      process.kill(pid, 'SIGKILL');
      scene.journal.release(id);
    }
    expect(await Promise.all(held.map((result) => result.get()))).toEqual(numbers(KILLS));
    expect(await Promise.all(others.map((result) => result.get()))).toEqual(numbers(TASKS - KILLS));
    expect(scene.journal.starts(), worker.log()).toHaveLength(TASKS + KILLS);
    expect(worker.log()).toContain('killed by SIGKILL');
    expect(await worker.health(({ running }) => running === 0)).toMatchObject({ healthy: true, slots: 2 });
  },
  scaledLimit(120_000),
);

test('tq worker --pool process runs TypeScript, calls from inside a task included, survives a task that kills its process, and stops warm', async () => {
  using project = createProject({
    files: {
      'tasks.ts': `import { defineTask } from '@tq/core';
        export const pid = defineTask('pid', (): number => process.pid);
        export const callsOther = defineTask('callsOther', (): Promise<number> => pid.delay().get({ allowInTask: true }));
        export const dies = defineTask('dies', (): void => void process.kill(process.pid, 'SIGKILL'));`,
    },
  });
  const env = { TQ_URL: brokerUrl(), TQ_PREFIX: freshPrefix() };
  const args = ['worker', '--pool', 'process', '--concurrency', '2'];
  await using worker = startTq(args, { cwd: project.folder, env });
  await worker.line(/ready/);
  const called = await runTq(['call', 'callsOther'], { env });
  expect(called).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\n$/) });
  expect(Number(called.stdout)).not.toBe(worker.process.pid);
  expect(await runTq(['call', 'dies'], { env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('killed by SIGKILL'),
  });
  expect(await runTq(['call', 'pid'], { env })).toMatchObject({ code: 0 });
  worker.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ code: 0, stdout: '' });
});
