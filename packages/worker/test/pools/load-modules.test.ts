import { describe, expect, it } from 'vitest';
import { createFixture, fixture } from './pool-fixture.js';

async function taskValues(module: string, tasks: Record<string, readonly unknown[]>) {
  const { pool, value } = createFixture({ kind: 'thread', slots: 1, modules: [fixture(module)] });
  await pool.start();
  try {
    const values: unknown[] = [];
    for (const [task, args] of Object.entries(tasks)) values.push(await value(task, args, { id: 'the-job' }));
    return values;
  } finally {
    await pool.stop(0);
  }
}

describe('loading task modules', () => {
  it.each(['esm', 'cjs', 'no-type'])('loads TypeScript and its imports in a project of kind %s', async (project) => {
    expect(await taskValues(`${project}/tasks.ts`, { 'ts.double': [21], 'ts.context': [] })).toEqual([42, 'the-job']);
  });

  it.each([
    ['esm/tasks.mts', 'mts.one'],
    ['cjs/tasks.cts', 'cts.one'],
    ['esm/tasks.tsx', 'tsx.one'],
    ['cjs/tasks.cjs', 'cjs.one'],
  ])('loads %s', async (module, task) => {
    expect(await taskValues(module, { [task]: [] })).toEqual([1]);
  });
});
