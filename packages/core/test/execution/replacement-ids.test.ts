import { chord, createApp, currentTask } from '@tq/core';
import { type Job, type JobEnd, runJob } from '@tq/core/internal';
import { expect, it } from 'vitest';
import { testRuntime } from '../test-runtime.js';

const { logger } = testRuntime();

/** What a run of this task has put in its place. */
async function replacement(id: string, n: number, replacedNesting?: number): Promise<string> {
  const app = createApp({ eager: true });
  const double = app.task('double', (one: number) => one * 2);
  const count = app.task('count', (all: number[]) => all.length);
  app.task('splits-up', (one: number): number => currentTask().replace(chord([double.s(one), double.s(2)], count.s())));
  const job: Job = {
    ...{ id, task: 'splits-up', attempt: 1, queue: 'q', rootId: id, parentId: undefined, headers: {} },
    ...{ bodyText: `[[${n}],{},{}]`, replacedNesting },
  };
  const end = await new Promise<JobEnd>((resolve) => runJob(job, logger, resolve));
  await app.close();
  if (end.kind !== 'replaced') throw new Error(`expected a replacement, found ${end.kind}`);
  return end.stepText;
}

it('what replaces a task has the same ids when it runs again after a crash, and others when it is not the same', async () => {
  const first = await replacement('i1', 1);
  expect(await replacement('i1', 1)).toBe(first);
  const idsOf = (text: string) => [...text.matchAll(/"task_id":"([^"]+)"/g)].map(([, id]) => id);
  const ids = idsOf(first);
  expect(new Set(ids).size).toBeGreaterThanOrEqual(4);
  const others = [await replacement('i2', 1), await replacement('i1', 3), await replacement('i1', 1, 1)];
  for (const other of others) expect(idsOf(other).filter((id) => ids.includes(id))).toEqual([]);
});
