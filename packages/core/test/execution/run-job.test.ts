import { addRegistry, findCurrentTask, type Job, type JobEnd, Registry, runJob } from '@tq/core/internal';
import { expect, it } from 'vitest';
import { testRuntime } from '../test-runtime.js';

const { logger } = testRuntime();

function createJob(task: string): Job {
  return {
    id: 'job-1',
    task,
    attempt: 1,
    queue: 'q',
    rootId: 'job-1',
    parentId: undefined,
    headers: {},
    bodyText: '[[],{},null]',
  };
}

function register(name: string, handler: () => unknown): void {
  const registry = new Registry();
  registry.add({ name, handler });
  addRegistry(registry);
}

it('gives an aborted signal to a handler that reads it only after the abort', async () => {
  let goOn: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  register('reads late', async () => {
    await aborted;
    const signal = findCurrentTask()?.signal;
    return [signal?.aborted, signal?.reason.code, signal === findCurrentTask()?.signal];
  });
  const end = await new Promise<JobEnd>((resolve) => {
    runJob(createJob('reads late'), logger, resolve).abort();
    goOn();
  });
  expect(end).toEqual({ kind: 'success', resultText: '[true,"worker-stopped",true]' });
});

it('costs no turn of the loop when the handler is not asynchronous', () => {
  register('at once', () => 1);
  const ends: JobEnd[] = [];
  runJob(createJob('at once'), logger, (end) => ends.push(end));
  expect(ends).toEqual([{ kind: 'success', resultText: '1' }]);
});

it('runs the task of the app that was opened first when two have the same name', () => {
  register('twice', () => 'first');
  register('twice', () => 'second');
  const ends: JobEnd[] = [];
  runJob(createJob('twice'), logger, (end) => ends.push(end));
  expect(ends).toEqual([{ kind: 'success', resultText: '"first"' }]);
});
