import { findCurrentTask, type Job, type JobEnd, Registry, type Runnable, runJob, taskNames } from '@tq/core/internal';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { MiddlewareStack } from '../../src/task/middleware.js';
import { Replace } from '../../src/task/verdicts.js';
import { testRuntime } from '../test-runtime.js';

const { logger } = testRuntime();

/** Runs a built-in task in an app with these tasks, called as Celery does. */
function run(
  task: string,
  body: [args: unknown[], kwargs: object],
  tasks: readonly Runnable[],
  says: Pick<Job, 'retry'> = {},
) {
  const registry = new Registry();
  for (const one of tasks) registry.add(one);
  const job: Job = {
    ...{ id: 'i1', task, attempt: 1, queue: 'q', rootId: 'i1', parentId: undefined, headers: {} },
    bodyText: JSON.stringify([...body, {}]),
    ...says,
  };
  let abort: () => void = () => undefined;
  const end = new Promise<JobEnd>((resolve) => {
    const job1 = runJob(job, logger, resolve, registry);
    abort = () => job1.abort();
  });
  return { end, abort };
}

const over = (task: string, it: unknown) => ({ task: { task, args: [], kwargs: {}, options: {} }, it });
const double: Runnable = { name: 'double', handler: (n: number) => n * 2 };
const success = (value: unknown): JobEnd => ({ kind: 'success', resultText: JSON.stringify(value) });

it('a map runs a task for each item in turn, in one run', async () => {
  const seen: unknown[] = [];
  const handler = async (n: number) => {
    seen.push([findCurrentTask()?.task, n]);
    return n * 2;
  };
  const { end } = run('celery.map', [[], over('double', [1, 2, 3])], [{ name: 'double', handler }]);
  expect(await end).toEqual(success([2, 4, 6]));
  expect(seen).toEqual([1, 2, 3].map((n) => ['celery.map', n]));
});

it('a map over nothing gives an empty list', async () => {
  expect(await run('celery.map', [[], over('double', [])], [double]).end).toEqual(success([]));
});

it('a starmap spreads each item over the parameters', async () => {
  const add: Runnable = { name: 'add', handler: (a: number, b: number) => a + b };
  const items = [
    [1, 2],
    [3, 4],
  ];
  expect(await run('celery.starmap', [[], over('add', items)], [add]).end).toEqual(success([3, 7]));
});

it('each item of a map is what the schema of the task makes of it', async () => {
  const task: Runnable = { ...double, args: z.tuple([z.string().transform(Number)]) };
  expect(await run('celery.map', [[], over('double', ['4'])], [task]).end).toEqual(success([8]));
  const { end } = run('celery.map', [[], over('double', ['4', 5])], [task]);
  expect(await end).toMatchObject({ kind: 'refused', failure: { error: { code: 'invalid-args' } } });
});

it('a map that no retry mends is not tried again, whatever its call says of retries', async () => {
  const retry = { maxRetries: 3 };
  const unfit: Runnable = { ...double, args: z.tuple([z.number()]) };
  expect(await run('celery.map', [[], over('double', ['no'])], [unfit], { retry }).end).toMatchObject({
    kind: 'refused',
  });
  const throws: Runnable = { name: 'throws', handler: () => Promise.reject(new Error('once more')) };
  expect(await run('celery.map', [[], over('throws', [1])], [throws], { retry }).end).toMatchObject({ kind: 'retry' });
});

it('an item of a map cannot have something run in the place of the whole map', async () => {
  const replaces: Runnable = { name: 'replaces', handler: () => Promise.reject(new Replace('{}')) };
  expect(await run('celery.map', [[], over('replaces', [1, 2])], [replaces]).end).toMatchObject({
    kind: 'refused',
    failure: { error: { exc_message: [expect.stringContaining("found 'replaces' run for an item of a map")] } },
  });
});

it('each item of a map goes through the middleware of the task', async () => {
  const stack = new MiddlewareStack();
  const seen: unknown[] = [];
  stack.use({
    execute: (taskRun, next) => {
      seen.push([taskRun.context.id, taskRun.args]);
      return next();
    },
  });
  const task: Runnable = { ...double, middleware: stack };
  expect(await run('celery.map', [[], over('double', [1, 2])], [task]).end).toEqual(success([2, 4]));
  expect(seen).toEqual([
    ['i1', [1]],
    ['i1', [2]],
  ]);
});

it('a map whose worker stops begins no further item, and runs again elsewhere', async () => {
  const seen: number[] = [];
  let goOn: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const handler = async (n: number) => {
    seen.push(n);
    await gate;
  };
  const { end, abort } = run('celery.map', [[], over('waits', [1, 2])], [{ name: 'waits', handler }]);
  abort();
  goOn();
  expect(await end).toEqual({ kind: 'stopped' });
  expect(seen).toEqual([1]);
});

it.each([
  ['a task that nobody knows', over('none', [1]), 'unknown-task', "No task named 'none' here to map over"],
  ['a map of a map', over('celery.map', [1]), 'unknown-task', "No task named 'celery.map' here to map over"],
  ['no list', over('double', 'abc'), 'invalid-args', 'expected a list of items as it, found string'],
  ['no task', { it: [1] }, 'invalid-args', 'expected a signature as task, found undefined'],
])('a map of %s fails and says so', async (_what, kwargs, code, text) => {
  expect(await run('celery.map', [[], kwargs], [double]).end).toMatchObject({
    kind: code === 'unknown-task' ? code : 'refused',
    failure: { error: { code, exc_message: [expect.stringContaining(text)] } },
  });
});

it('a starmap of what is no list of arguments fails and says so', async () => {
  expect(await run('celery.starmap', [[], over('double', [[1], 2])], [double]).end).toMatchObject({
    kind: 'refused',
    failure: { error: { code: 'invalid-args' } },
  });
});

it('the collector gives all that it is called with, or one of it', async () => {
  expect(await run('celery.accumulate', [[[1, 2]], { index: 0 }], []).end).toEqual(success([1, 2]));
  expect(await run('celery.accumulate', [[1, 2], {}], []).end).toEqual(success([1, 2]));
});

it('a task of the program that has such a name comes first, and no list has the built-in ones', async () => {
  const own: Runnable = { name: 'celery.map', handler: () => 'own' };
  expect(await run('celery.map', [[], {}], [own]).end).toEqual(success('own'));
  expect(taskNames().filter((name) => name.startsWith('celery.'))).toEqual([]);
});
