import {
  type AsyncResult,
  chain,
  currentTask,
  type GroupResult,
  group,
  TaskFailedError,
  type TaskFailure,
} from '@tq/core';
import { createWorker, type Worker } from '@tq/worker';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { brokerUrl, openPeer, queueState } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import type * as tasks from './fixtures/canvas-tasks.js';
import { openApp, problems, rejection, type TestApp } from './fixtures/test-app.js';

describe('a canvas that is sent', () => {
  let test: TestApp;
  let worker: Worker;
  let ran: string[] = [];
  const open = () => {
    const { app } = test;
    return {
      add: app.declareTask<ReturnType<typeof define>['add']>('add'),
      fail: app.declareTask<ReturnType<typeof define>['fail']>('fail'),
    };
  };
  const define = () => ({
    add: test.app.task('add', (a: number, b: number) => {
      ran.push(`${a}+${b}`);
      return a + b;
    }),
    fail: test.app.task('fail', (text: string): number => {
      throw new RangeError(text);
    }),
  });
  beforeAll(async () => {
    test = openApp({ maxMessageBytes: 100_000 });
    define();
    worker = createWorker(test.app, { pool: 'async', concurrency: 200 });
    await worker.start();
  });
  afterEach(() => {
    ran = [];
  });
  afterAll(async () => {
    await worker.stop();
    await test.app.close();
  });

  it('as a chain gives the result of its last step, from which parent walks back', async () => {
    const { add } = open();
    const result = chain(add.s(1, 2), add.s(3), add.s(4)).delay();
    await result.published;
    expect(await result.get()).toBe(10);
    const second = result.parent as AsyncResult<number>;
    const first = second.parent as AsyncResult<number>;
    expect([await first.get(), await second.get(), first.parent]).toEqual([3, 6, undefined]);
    expect([first.state, second.state, result.state]).toEqual(['success', 'success', 'success']);
  });

  it('as a chain fails with the step that failed, and the rest of it never runs', async () => {
    const { add, fail } = open();
    const result = chain(add.s(1, 2), fail.si('broken'), add.s(4)).delay();
    const error = await rejection(result.get());
    const failed = result.parent as AsyncResult<number>;
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({
      message: `Task 'fail' (${failed.id}) failed: RangeError: broken`,
      fields: { task: 'fail', taskId: failed.id },
    });
    expect([failed.state, result.state]).toEqual(['failure', 'skipped']);
    expect(ran).toEqual(['1+2']);
  });

  it('as a group gives all results in order, and its members as they end', async () => {
    const { add } = open();
    const result = group([1, 2, 3, 4, 5].map((n) => add.s(n, n))).delay();
    const ended: number[] = [];
    for await (const { index, result: member } of result.iterate()) {
      expect(await member.get()).toBe(2 * (index + 1));
      ended.push(index);
    }
    expect(ended.toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect(await result.get()).toEqual([2, 4, 6, 8, 10]);
    expect([result.completed(), result.total]).toEqual([5, 5]);
    await result.published;
  });

  it('as a group without members is there at once', async () => {
    const { add } = open();
    const none: ReturnType<typeof add.s>[] = [];
    const result = group(none).delay() as GroupResult<number[]>;
    expect(await result.get()).toEqual([]);
    await result.published;
  });

  it('as a group of 10,000 gives 10,000 results', async () => {
    const { add } = open();
    const result = group(Array.from({ length: 10_000 }, (_, n) => add.s(n, 1))).delay();
    const values = await result.get();
    expect(values).toHaveLength(10_000);
    expect(values.every((value, n) => value === n + 1)).toBe(true);
    expect(ran).toHaveLength(10_000);
  });

  it('as a group fails with what failed, and allSettled tells of each member', async () => {
    const { add, fail } = open();
    const result = group(add.s(1, 1), fail.s('one'), chain(fail.s('two'), add.s(1))).delay();
    expect(await rejection(result.get())).toMatchObject({ code: 'task-failed' });
    expect(await result.allSettled()).toMatchObject([
      { status: 'fulfilled', value: 2 },
      { status: 'rejected', reason: { message: expect.stringMatching(/^Task 'fail' .* failed: RangeError: one$/) } },
      {
        status: 'rejected',
        reason: { message: expect.stringMatching(/^Task 'fail' \(.*\) failed: RangeError: two$/) },
      },
    ]);
  });

  it('goes on with what stands for the result before it, and with options', async () => {
    const { add } = open();
    expect(await chain(add.s(3), add.s(4)).delay(1).get()).toBe(8);
    const result = group(add.s(3), add.s(4)).apply([1], { headers: { from: 'test' }, priority: 1 });
    expect(await result.get()).toEqual([4, 5]);
  });

  it('is refused as a whole where one message is too large: nothing of it is sent', async () => {
    const { add } = open();
    const large = 'x'.repeat(100_000) as never;
    const result = group(add.s(1, 1), add.s(2, large)).delay();
    expect(await rejection(result.get())).toMatchObject({
      name: 'PublishError',
      code: 'message-too-large',
      message: expect.stringMatching(/has 100\d\d\d bytes with all that is to follow it, more than the 100000 that/),
      fields: { task: 'add', maxMessageBytes: 100_000 },
    });
    expect(await rejection(result.published)).toMatchObject({ code: 'message-too-large' });
    const late = chain(add.s(1, 1), add.s(large)).delay();
    expect(await rejection(late.get())).toMatchObject({ code: 'message-too-large' });
    await add.delay(5, 5).get();
    expect(ran).toEqual(['5+5']);
  });
});

it('says in its tree under which id a failure is told', async () => {
  await using test = openApp();
  const { app } = test;
  let noted: (id: string) => void = () => undefined;
  const id = new Promise<string>((resolve) => {
    noted = resolve;
  });
  const fail = app.task('fail', (): number => {
    throw new RangeError('broken');
  });
  const note = app.task('note', (failure: TaskFailure) => noted(`${currentTask().id} after ${failure.task}`));
  await using worker = createWorker(app, { pool: 'async' });
  await worker.start();
  const { errbacks } = fail.s().linkError(note).delay().tree();
  expect(errbacks).toMatchObject([{ kind: 'task', task: 'note', id: expect.any(String) }]);
  expect(await id).toBe(`${errbacks?.[0]?.id} after fail`);
});

it('tells once of a canvas that nobody awaits and that was not published', async () => {
  await using test = openApp();
  const { app, lines } = test;
  const events: string[] = [];
  app.on('publish:failed', ({ task }) => events.push(task));
  const nowhere = { exchange: 'amq.topic', routingKey: 'nobody' };
  const gone = app.task('gone', (n: number) => n);
  group([1, 2, 3].map((n) => gone.s(n).set(nowhere))).delay();
  // On the same channel, so that it ends after them.
  await rejection(gone.apply([4], nowhere).published);
  expect(problems(lines)).toMatchObject([
    { message: 'a canvas was not published as a whole, and nobody awaited it', fields: { failed: 3, total: 3 } },
  ]);
  expect(events).toEqual(['gone']);
});

it('is sent whole over a lost connection', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using sender = openApp({ url: proxy.url, outboxMessages: 50 });
  const add = sender.app.task('add', (a: number, b: number) => a + b);
  const result = group(Array.from({ length: 500 }, (_, n) => add.s(n, 1))).delay();
  await result.results[10]?.published;
  proxy.cut();
  await result.published;
  await using worker = createWorker(sender.app, { pool: 'async', concurrency: 20 });
  await worker.start();
  const values = await result.get();
  expect(values).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
});

it('ends its waits when its app is closed, and what is on its way is published before', async () => {
  await using test = openApp({ outboxMessages: 10 });
  const add = test.app.task('add', (a: number, b: number) => a + b);
  const result = group(Array.from({ length: 100 }, (_, n) => add.s(n, 1))).delay();
  const wait = rejection(result.get());
  await test.app.close();
  expect(await wait).toMatchObject({ code: 'closed' });
  await using peer = await openPeer();
  expect(await queueState(peer, `${test.prefix}tq`)).toEqual({ messages: 100, consumers: 0 });
});

describe.each(['thread', 'process'] as const)('a canvas from inside a task (%s pool)', (pool) => {
  it('is sent through the worker, in the tree of that task, and waited for where that is allowed', async () => {
    await using test = openApp();
    await using worker = createWorker(test.app, {
      pool,
      tasks: [new URL('fixtures/canvas-tasks.js', import.meta.url)],
      queues: { tq: 1, inner: 1 },
    });
    await worker.start();
    const task = test.app.declareTask<typeof tasks.sendsCanvases>('sends-canvases');
    const result = task.delay();
    const { chained, grouped, firstId } = await result.get();
    expect(grouped).toEqual([2, 4, 6]);
    expect(chained).toEqual({ before: 6, rootId: result.id, parentId: expect.any(String) });
    expect(firstId).toEqual(expect.any(String));
    const left = await test.app.declareTask<typeof tasks.leavesCanvas>('leaves-canvas').delay().get();
    expect(left).toEqual(expect.any(String));
    const refused = await rejection(
      test.app.declareTask<typeof tasks.waitsForCanvas>('waits-for-canvas').delay().get(),
    );
    expect(refused).toMatchObject({ remote: { code: 'result-wait-in-task' } });
  });
});

it('is sent from inside a task of an async pool as well', async () => {
  await using test = openApp();
  const { app } = test;
  const add = app.task('add', (a: number, b: number) => a + b, { queue: 'inner' });
  const outer = app.task('outer', (allowInTask: boolean) => chain(add.s(1, 2), add.s(3)).delay().get({ allowInTask }));
  await using worker = createWorker(app, { pool: 'async', queues: { tq: 1, inner: 1 } });
  await worker.start();
  expect(await outer.delay(true).get()).toBe(6);
  expect(await rejection(outer.delay(false).get())).toMatchObject({ remote: { code: 'result-wait-in-task' } });
});
