import { createApp, type PublishError, type TaskFailedError } from '@tq/core';
import { createTestApp, whenIdle } from '@tq/core/testing';
import { createWorker, type Worker } from '@tq/worker';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openPeer, type Peer, queueState, receive } from '../support/broker.js';
import * as tasks from './fixtures/schema-tasks.js';
import { openApp, rejection, type TestApp } from './fixtures/test-app.js';

const LIBRARIES = ['zod', 'valibot', 'arktype'] as const;
/** Expected of an order whose email is none: the path in the text, and what was found not. */
const BAD_EMAIL = expect.stringMatching(/found args\[0\]\.customer\.email: (?!.*not-an-address).+\.$/);

describe.each(['thread', 'async'] as const)('a task with schemas (%s pool)', (pool) => {
  let test: TestApp;
  let peer: Peer;
  let worker: Worker;
  beforeAll(async () => {
    test = openApp();
    peer = await openPeer();
    const modules = [new URL('fixtures/schema-tasks.js', import.meta.url)];
    worker = createWorker(test.app, { pool, concurrency: 2, ...(pool === 'thread' ? { tasks: modules } : {}) });
    await worker.start();
  });
  afterAll(async () => {
    await worker.stop();
    await peer[Symbol.asyncDispose]();
    await test.app.close();
  });

  it.each(LIBRARIES)(
    'sends what its %s schema takes, runs on what that makes, and answers the same way',
    async (lib) => {
      const { app } = test;
      const task = app.declareTask<typeof tasks.zodLater>(`later.${lib}` as 'later.zod', {
        args: tasks.transforms[lib],
      });
      expect(await task.delay('500', '2026-01-01T00:00:00Z').get()).toBe('2026-01-01T00:00:00.500Z');
    },
  );

  it.each(LIBRARIES)(
    'is not sent where the %s schema of the producer refuses, with the path in the text',
    async (lib) => {
      const task = test.app.declareTask<typeof tasks.zodOrder>(`order.${lib}` as 'order.zod', {
        args: tasks.orders[lib],
        queue: 'unsent',
      });
      const result = task.delay({ customer: { email: 'not-an-address' } }, 1);
      const [published, got] = await Promise.all([rejection(result.published), rejection(result.get())]);
      expect(got).toBe(published);
      expect(published).toMatchObject({
        name: 'PublishError',
        code: 'invalid-args',
        message: BAD_EMAIL,
        fields: { issues: [{ path: [0, 'customer', 'email'] }] },
      });
      const bulk = task.bulk([
        [{ customer: { email: 'ada@example.com' } }, 1],
        [{ customer: { email: 'no' } }, 1],
      ]);
      expect(await rejection(bulk)).toMatchObject({ code: 'invalid-args' });
      const sent = await receive(peer, `${test.prefix}unsent`, 1);
      expect(JSON.parse(String(sent[0]?.content))[0]).toEqual([{ customer: { email: 'ada@example.com' } }, 1]);
      expect(await queueState(peer, `${test.prefix}unsent`)).toMatchObject({ messages: 0 });
    },
  );

  it.each(LIBRARIES)(
    'is refused by the worker where a caller has no %s schema: answered, and a dead letter',
    async (lib) => {
      const task = test.app.declareTask<typeof tasks.zodOrder>(`order.${lib}` as 'order.zod');
      const error = (await rejection(
        task.delay({ customer: { email: 'not-an-address' } }, 1).get(),
      )) as TaskFailedError;
      expect(error).toMatchObject({ code: 'task-failed', remote: { code: 'invalid-args', message: BAD_EMAIL } });
      const [dead] = await receive(peer, `${test.prefix}tq.dead`, 1);
      expect(dead?.properties.headers).toMatchObject({ task: `order.${lib}`, 'tq-dead-reason': 'refused' });
    },
  );

  it.each(['zod', 'valibot'] as const)('waits for an asynchronous validator of %s, on either side', async (lib) => {
    const name = `name.${lib}` as 'name.zod';
    const checked = test.app.declareTask<typeof tasks.zodName>(name, { args: tasks.names[lib] });
    expect(await checked.delay('ada').get()).toBe('ada!');
    expect(await rejection(checked.delay('root').get())).toMatchObject({
      name: 'PublishError',
      code: 'invalid-args',
      message: `Expected arguments that fit the schema of task '${name}', found args[0]: is taken.`,
    });
    const unchecked = test.app.declareTask<typeof tasks.zodName>(name);
    expect(await rejection(unchecked.delay('root').get())).toMatchObject({ remote: { code: 'invalid-args' } });
    await receive(peer, `${test.prefix}tq.dead`, 1);
  });

  it('fails where its result does not fit', async () => {
    const task = test.app.declareTask<typeof tasks.returns>('returns');
    expect(await task.delay({ items: [1], more: true }).get()).toEqual({ items: [1] });
    expect(await rejection(task.delay({ items: [1, 'two'] }).get())).toMatchObject({
      remote: { code: 'invalid-result', message: expect.stringContaining('found result.items[1]: ') },
    });
    const [dead] = await receive(peer, `${test.prefix}tq.dead`, 1);
    expect(dead?.properties.headers).toMatchObject({ 'tq-dead-reason': 'failed' });
  });

  it('gets from its caller what fits, as it was given', async () => {
    const task = test.app.declareTask<typeof tasks.echo>('echo.checked', { args: tasks.anything });
    const plain = fc.dictionary(fc.string(), fc.jsonValue(), {
      noNullPrototype: true,
    });
    // zod leaves members named __proto__ out of its output.
    const safe = plain.filter((record) => !JSON.stringify(record).includes('__proto__'));
    const one = fc.tuple(safe, fc.date({ noInvalidDate: true }), fc.array(fc.integer()));
    const calls = fc.sample(one, 30);
    const results = await task.bulk(calls);
    const values = await Promise.all(results.map((result) => result.get()));
    expect(values).toEqual(calls);
  });

  if (pool === 'thread')
    it('refuses and sends calls from inside of a task in the same way', async () => {
      const { app } = test;
      expect(await app.declareTask<typeof tasks.callsWrongly>('calls-wrongly').delay().get()).toEqual({
        name: 'PublishError',
        code: 'invalid-args',
        message: expect.stringMatching(/found args\[0\]\.customer\.email: Invalid email/),
        issues: [{ path: [0, 'customer', 'email'], message: expect.any(String) }],
      });
      expect(await app.declareTask<typeof tasks.callsRightly>('calls-rightly').delay().get()).toBe('ada!');
    });
});

it('an app that closes first sends the calls whose validators were asked', async () => {
  await using peer = await openPeer();
  await using test = openApp();
  let answer: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const args = z.tuple([z.string().refine(() => asked.then(() => true))]);
  const task = test.app.task('slow', (text) => text, { args });
  const result = task.delay('late');
  const closing = test.app.close();
  answer();
  await result.published;
  await closing;
  expect(await queueState(peer, `${test.prefix}tq`)).toMatchObject({ messages: 1 });
});

it('a date fits after the wire, whichever the preset', async () => {
  for (const preset of ['tq', 'celery'] as const) {
    await using app = createTestApp({ preset });
    const task = app.task('at', (date) => date.getTime(), { args: z.tuple([z.date()]) });
    expect(await task.delay(new Date(5)).get()).toBe(5);
  }
});

it('an eager app validates as any other', async () => {
  await using app = createApp({ eager: true });
  const seen: unknown[] = [];
  const task = app.task('eager', (n) => void seen.push(n), {
    args: z.tuple([z.string().transform(async (text) => Number(text))]),
  });
  const { published } = task.apply(['x' as string], {});
  await published;
  task.apply(['7'], { ignoreResult: true });
  await whenIdle(app);
  expect(seen).toEqual([Number.NaN, 7]);
  const error: PublishError = (await rejection(task.delay(5 as never).published)) as PublishError;
  expect(error).toMatchObject({ code: 'invalid-args', fields: { issues: [{ path: [0] }] } });
});

it('a declaration takes no schema for a result that it cannot see', () => {
  const app = createApp();
  expect(() => app.declareTask('x', { result: z.number() } as object)).toThrow(
    "task 'x': result: expected none where the task is only declared, found one.",
  );
});
