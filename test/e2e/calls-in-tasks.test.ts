import { randomUUID } from 'node:crypto';
import type { TaskFailedError } from '@tq/core';
import { createWorker, type Worker } from '@tq/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as tasks from './fixtures/tasks.js';
import { openApp, rejection, type TestApp } from './fixtures/test-app.js';

describe('a call from inside a task (thread pool)', () => {
  let test: TestApp;
  let worker: Worker;
  beforeAll(async () => {
    test = openApp();
    // Two slots each, so that a task may wait for another while a slot is free.
    worker = createWorker(test.app, {
      tasks: [new URL('fixtures/tasks.js', import.meta.url)],
      queues: { tq: 2, inner: 2 },
    });
    await worker.start();
  });
  afterAll(async () => {
    await worker.stop();
    await test.app.close();
  });

  it("carries the root's id on and its caller's as parent", async () => {
    const taskId = `root-${randomUUID()}`;
    const call = test.app.declareTask<typeof tasks.call>('call');
    const inner = await call.apply(['inner', { allowInTask: true }], { taskId }).get();
    expect(inner).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      value: { rootId: taskId, parentId: taskId, queue: `${test.prefix}inner`, headers: {}, attempt: 1 },
    });
    expect(inner).toMatchObject({ value: { id: (inner as { id: string }).id } });
  });

  it('keeps the first task as root through two calls', async () => {
    const taskId = `root-${randomUUID()}`;
    const task = test.app.declareTask<typeof tasks.relay>('relay');
    const { call, family } = await task.apply(['inner'], { taskId }).get();
    expect(family).toMatchObject({ rootId: taskId, parentId: call });
    expect(new Set([taskId, call, family.id]).size).toBe(3);
  });

  it('may be published and left alone', async () => {
    const id = await test.app.declareTask<typeof tasks.call>('call').delay('inner').get();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('refuses get(), since a full pool would wait for itself', async () => {
    const result = test.app.declareTask<typeof tasks.call>('call').delay('inner', {});
    const error = (await rejection(result.get())) as TaskFailedError;
    expect(error.remote).toMatchObject({ name: 'ResultWaitInTaskError', code: 'result-wait-in-task' });
    expect(error.message).toContain("Task 'call' waits for another task's result");
    expect(error.message).toContain('allowInTask: true');
  });

  it('sends many at once through the one connection of the worker', async () => {
    expect(await test.app.declareTask<typeof tasks.bulk>('bulk').delay('inner', 300).get()).toBe((299 * 300) / 2);
  });

  it('fails as it would anywhere else', async () => {
    const error = await rejection(test.app.declareTask<typeof tasks.failsToPublish>('fails-to-publish').delay().get());
    expect(error).toMatchObject({ remote: { name: 'PublishError', code: 'unserialisable' } });
  });

  it('goes through the worker whichever app makes it: a child never connects', async () => {
    const task = test.app.declareTask<typeof tasks.connects>('connects');
    expect(await task.delay('call').get()).toBe('went through the worker');
    const error = await rejection(task.delay('worker').get());
    expect(error).toMatchObject({ remote: { code: 'in-child' } });
    expect(error.message).toContain('A child of a pool does not connect to the broker');
  });
});

describe('a call from inside a task (async pool)', () => {
  it('knows its family, and waits only when allowed to', async () => {
    await using test = openApp();
    const { app } = test;
    const inner = app.task('inner', () => 'inner', { queue: 'inner' });
    const outer = app.task('outer', async (allowInTask: boolean) => {
      const result = inner.delay();
      return `outer and ${await result.get({ allowInTask })}`;
    });
    const parent = app.task('parent', async () => {
      const results = await family.bulk([[], []], { queue: 'inner' });
      return Promise.all(results.map((result) => result.get({ allowInTask: true })));
    });
    const family = app.task('family', async () => {
      const { currentTask } = await import('@tq/core');
      const { rootId, parentId } = currentTask();
      return { rootId, parentId };
    });
    await using worker = createWorker(app, { pool: 'async', queues: { tq: 2, inner: 2 } });
    await worker.start();
    expect(await outer.delay(true).get()).toBe('outer and inner');
    const error = (await rejection(outer.delay(false).get())) as TaskFailedError;
    expect(error.remote).toMatchObject({ name: 'ResultWaitInTaskError', code: 'result-wait-in-task' });
    const result = parent.delay();
    const ids = { rootId: result.id, parentId: result.id };
    expect(await result.get()).toEqual([ids, ids]);
  });
});
