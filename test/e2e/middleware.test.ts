import { AsyncLocalStorage } from 'node:async_hooks';
import type { PublishError, TaskFailedError } from '@tq/core';
import { createDeferred } from '@tq/core/internal';
import { createWorker, type Worker } from '@tq/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as tasks from './fixtures/guarded-tasks.js';
import { openApp, problems, rejection, type TestApp } from './fixtures/test-app.js';

describe('middleware of a thread pool', () => {
  let test: TestApp;
  let worker: Worker;
  beforeAll(async () => {
    test = openApp();
    test.app.use({
      publish: (call, next) => {
        call.headers = { ...call.headers, trace: 'caller', calls: Number(call.headers.calls ?? 0) + 1 };
        return next();
      },
    });
    const modules = [new URL('fixtures/guarded-tasks.js', import.meta.url)];
    worker = createWorker(test.app, { tasks: modules, queues: { tq: 1, inner: 1 } });
    await worker.start();
  });
  afterAll(async () => {
    await worker.stop();
    await test.app.close();
  });

  it('finds in the thread what the publish middleware of the caller has sent', async () => {
    const traced = test.app.declareTask<typeof tasks.traced>('traced');
    expect(await traced.delay().get()).toEqual({ trace: 'caller', calls: 1 });
  });

  it('goes around a call from inside a task once, in the thread', async () => {
    const calling = test.app.declareTask<typeof tasks.calling>('calling');
    expect(await calling.delay('inner').get()).toEqual({
      outer: 'caller',
      inner: { trace: 'caller > traced', calls: 1 },
    });
  });

  it('may change arguments, and answer in place of the handler', async () => {
    const echo = test.app.declareTask<typeof tasks.echo>('echo');
    const results = ['plain', 'doubled', 'cached'].map((text) => echo.delay(text).get());
    expect(await Promise.all(results)).toEqual(['plain', 'doubled doubled', 'from middleware']);
  });

  it('may map what the handler throws', async () => {
    const error = await rejection(test.app.declareTask<typeof tasks.fail>('fail').delay().get());
    expect((error as TaskFailedError).remote).toMatchObject({
      name: 'TypeError',
      message: 'mapped by middleware',
      cause: { name: 'RangeError', message: 'thrown by the handler' },
    });
  });
});

describe('middleware of an async pool', () => {
  it('goes around calls and runs of one app, in the order of use, in storage of its own', async () => {
    await using test = openApp();
    const { app } = test;
    const steps: string[] = [];
    const storage = new AsyncLocalStorage<unknown>();
    const heard = createDeferred();
    for (const name of ['outer', 'inner']) {
      app.use({
        publish: async (call, next) => {
          steps.push(`publish ${name}`);
          call.headers = { ...call.headers, [name]: call.id };
          await next();
          steps.push(`confirmed ${name}`);
          if (name === 'outer') heard.resolve();
        },
        execute: async (run, next) => {
          steps.push(`execute ${name}`);
          const value = await storage.run(run.context.headers[name], next);
          steps.push(`executed ${name}`);
          return value;
        },
      });
    }
    const task = app.task('task', (n: number) => [n, storage.getStore()]);
    await using worker = createWorker(app, { pool: 'async' });
    await worker.start();
    const result = task.delay(1);
    await result.published;
    expect(await result.get()).toEqual([1, result.id]);
    // The result hears of the confirm and of the reply by itself, and need not wait for middleware.
    await heard.promise;
    const of = (kind: string) => steps.filter((step) => step.startsWith(kind));
    expect(of('publish ')).toEqual(['publish outer', 'publish inner']);
    expect(of('confirmed')).toEqual(['confirmed inner', 'confirmed outer']);
    expect(of('execute')).toEqual(['execute outer', 'execute inner', 'executed inner', 'executed outer']);
  });

  it('is gone for later calls and runs once it is removed', async () => {
    await using test = openApp();
    const seen: string[] = [];
    const remove = test.app.use({
      publish: (_, next) => {
        seen.push('publish');
        return next();
      },
      execute: (_, next) => {
        seen.push('execute');
        return next();
      },
    });
    const task = test.app.task('task', () => 'done');
    await using worker = createWorker(test.app, { pool: 'async' });
    await worker.start();
    await task.delay().get();
    remove();
    expect(await task.delay().get()).toBe('done');
    expect(seen).toEqual(['publish', 'execute']);
  });
});

describe('publish middleware', () => {
  it('refuses a call by throwing: nothing is sent, and nothing of it is silent', async () => {
    await using test = openApp();
    const task = test.app.task('task', (_tenant: string) => 'done', { headers: { tenant: 'none' } });
    test.app.use({
      publish: async (call, next) => {
        if (call.args[0] === 'over quota') throw new Error('tenant is over its quota');
        await next();
      },
    });
    const worker = createWorker(test.app, { pool: 'async' });
    await worker.start();
    const refused = task.delay('over quota');
    const [published, got] = await Promise.all([rejection(refused.published), rejection(refused.get())]);
    expect(got).toBe(published);
    expect(got).toMatchObject({ name: 'PublishError', code: 'publish-refused', outcomeUnknown: false });
    expect((got as PublishError).cause).toEqual(new Error('tenant is over its quota'));
    expect(await task.delay('within').get()).toBe('done');
    await worker.stop();
    const failed: unknown[] = [];
    test.app.on('publish:failed', (event) => failed.push(event));
    const { id } = task.delay('over quota');
    await test.app.close();
    expect(failed).toEqual([
      { kind: 'task', taskId: id, task: 'task', error: expect.objectContaining({ code: 'publish-refused' }) },
    ]);
    expect(problems(test.lines)).toEqual([
      expect.objectContaining({ message: 'a call was not published, and nobody awaited it' }),
    ]);
  });

  it('learns of a publish that failed', async () => {
    await using test = openApp({ maxMessageBytes: 1_000 });
    const heard = new Promise<unknown>((resolve) => {
      test.app.use({
        publish: async (_, next) => {
          const error = await rejection(next());
          resolve(error);
          throw error;
        },
      });
    });
    const result = test.app.declareTask('task').apply(['x'.repeat(2_000)] as never);
    const error = await rejection(result.published);
    expect(error).toMatchObject({ code: 'message-too-large' });
    expect(await heard).toBe(error);
  });

  it('that looks something up first is waited for by close(), so that its call is not lost', async () => {
    await using test = openApp();
    let goOn: () => void = () => undefined;
    const lookedUp = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    test.app.use({ publish: (_, next) => lookedUp.then(next) });
    const result = test.app.declareTask('task').delay();
    expect(result.id).toMatch(/^[0-9a-f-]{36}$/);
    const closing = test.app.close();
    goOn();
    await result.published;
    await closing;
  });
});
