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

function untilAborted(aborted: (signal: AbortSignal) => unknown): () => Promise<unknown> {
  return () => {
    const signal = findCurrentTask()?.signal as AbortSignal;
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => {
        try {
          resolve(aborted(signal));
        } catch (thrown) {
          reject(thrown);
        }
      });
    });
  };
}

const endOf = (task: string, act: (run: ReturnType<typeof runJob>) => void) =>
  new Promise<JobEnd>((resolve) => act(runJob(createJob(task), logger, resolve)));

it('fails with the error of its soft limit when the handler throws the reason of its signal', async () => {
  register(
    'heeds',
    untilAborted((signal) => signal.throwIfAborted()),
  );
  expect(await endOf('heeds', (run) => run.exceedSoftLimit(250))).toMatchObject({
    kind: 'failure',
    failure: {
      error: {
        exc_type: 'SoftTimeLimitError',
        code: 'soft-time-limit',
        exc_message: [expect.stringContaining("Task 'heeds' runs longer than its soft time limit of 250 ms")],
      },
    },
  });
});

it('succeeds when the handler ends its work after its soft limit', async () => {
  register(
    'tidies',
    untilAborted((signal) => signal.reason.fields),
  );
  const end = await endOf('tidies', (run) => run.exceedSoftLimit(250));
  expect(end).toEqual({ kind: 'success', resultText: '{"task":"tidies","limitMs":250}' });
});

it('is a failure when the soft limit came before the stop, and goes back when the stop came first', async () => {
  register(
    'first',
    untilAborted((signal) => signal.throwIfAborted()),
  );
  const limitFirst = await endOf('first', (run) => {
    run.exceedSoftLimit(1);
    run.abort();
  });
  const stopFirst = await endOf('first', (run) => {
    run.abort();
    run.exceedSoftLimit(1);
  });
  expect([limitFirst.kind, stopFirst.kind]).toEqual(['failure', 'stopped']);
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
