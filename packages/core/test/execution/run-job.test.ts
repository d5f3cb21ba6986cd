import { AsyncLocalStorage } from 'node:async_hooks';
import { addRegistry, findCurrentTask, type Job, type JobEnd, Registry, runJob } from '@tq/core/internal';
import { expect, it } from 'vitest';
import { type Middleware, MiddlewareStack } from '../../src/task/middleware.js';
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

function runThrough(middleware: readonly Middleware[], handler: (...args: never[]) => unknown): Promise<JobEnd> {
  const stack = new MiddlewareStack();
  for (const one of middleware) stack.use(one);
  const registry = new Registry();
  registry.add({ name: 'guarded', handler, middleware: stack });
  const job = { ...createJob('guarded'), headers: { tenant: 't1' }, bodyText: '[[20,1],{},{}]' };
  return new Promise((resolve) => runJob(job, logger, resolve, registry));
}

it("runs middleware around the handler, in the task's context, and lets it change arguments and result", async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const outer: Middleware = {
    execute: async (run, next) => {
      seen.push([run.context === findCurrentTask(), run.context.task, run.context.headers.tenant, run.args]);
      run.args = [40, 2];
      return { outer: await storage.run('span', next) };
    },
  };
  const inner: Middleware = { execute: async (run, next) => [storage.getStore(), run.args, await next()] };
  const end = await runThrough([outer, inner], (a: number, b: number) => [storage.getStore(), a + b]);
  expect(end).toEqual({ kind: 'success', resultText: '{"outer":["span",[40,2],["span",42]]}' });
  expect(seen).toEqual([[true, 'guarded', 't1', [20, 1]]]);
});

it('lets middleware answer in place of the handler', async () => {
  let called = false;
  const end = await runThrough([{ execute: () => 'cached' }], () => {
    called = true;
  });
  expect([end, called]).toEqual([{ kind: 'success', resultText: '"cached"' }, false]);
});

it('shows middleware what a handler throws, synchronous or not, and takes what it makes of it', async () => {
  const mapping: Middleware = {
    execute: (_, next) => next().catch((error: Error) => Promise.reject(new TypeError(`mapped ${error.message}`))),
  };
  for (const handler of [() => Promise.reject(new Error('late')), () => JSON.parse('{')]) {
    const end = await runThrough([mapping], handler);
    expect(end).toMatchObject({ kind: 'failure', failure: { error: { exc_type: 'TypeError' } } });
  }
  const mending: Middleware = { execute: (_, next) => next().catch(() => 'mended') };
  const end = await runThrough([mending], () => Promise.reject(new Error('late')));
  expect(end).toEqual({ kind: 'success', resultText: '"mended"' });
});

it('ends in a failure when middleware throws or calls next() twice', async () => {
  const broken: Middleware = {
    execute: () => {
      throw new Error('no span');
    },
  };
  const failure = { kind: 'failure', failure: { error: { exc_type: 'Error', exc_message: ['no span'] } } };
  expect(await runThrough([broken], () => 1)).toMatchObject(failure);
  let calls = 0;
  const twice: Middleware = { execute: async (_, next) => [await next(), await next()] };
  const end = await runThrough([twice], () => ++calls);
  expect(end).toMatchObject({ kind: 'failure', failure: { error: { code: 'next-misused' } } });
  expect(calls).toBe(1);
});
