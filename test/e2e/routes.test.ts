/** Routes on the real broker: from programs, from tasks in every pool, from config files, eagerly. */
import { createApp, currentTask, type TaskFailure } from '@tq/core';
import { createWorker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, receive } from '../support/broker.js';
import { createProject } from '../support/project.js';
import { runTq, startTq } from '../support/tq-process.js';
import type * as tasks from './fixtures/routed-tasks.js';
import { openApp } from './fixtures/test-app.js';

it('lead calls to the queue, the exchange and the priority that they say, and a call to where it says itself', async () => {
  await using test = openApp({
    routes: [
      { task: 'mail.*', to: { queue: 'mail', priority: 4 } },
      ({ args }) => (args[0] === 'big' ? 'large' : undefined),
      { task: /^log/, to: { exchange: 'logs', routingKey: 'a.b' } },
    ],
    exchanges: { logs: { type: 'topic' } },
    queues: { mail: { maxPriority: 5 }, lines: { bindings: [{ exchange: 'logs', key: 'a.*' }] } },
  });
  const { app, prefix } = test;
  await app.topology.apply();
  const call = (name: string, args: unknown[], options = {}) =>
    app.task(name, (..._: unknown[]) => undefined, { ignoreResult: true }).apply(args, options).published;
  await call('mail.send', []);
  await call('report', ['big']);
  await call('other', ['small']);
  await call('log.line', []);
  await call('log.here', [], { queue: 'own' });
  await using peer = await openPeer();
  const next = async (queue: string) => (await receive(peer, prefix + queue, 1))[0];
  expect(await next('mail')).toMatchObject({ properties: { headers: { task: 'mail.send' }, priority: 4 } });
  expect(await next('large')).toMatchObject({ properties: { headers: { task: 'report' } } });
  expect(await next('tq')).toMatchObject({ properties: { headers: { task: 'other' } } });
  expect(await next('lines')).toMatchObject({ fields: { exchange: `${prefix}logs`, routingKey: 'a.b' } });
  expect(await next('own')).toMatchObject({ properties: { headers: { task: 'log.here' } } });
});

it('lead a bulk by the arguments of each of its calls, and are the same for calls that wait for their time', async () => {
  await using test = openApp({ delayUnit: 10, routes: [({ args: [n] }) => (Number(n) % 2 === 0 ? 'even' : 'odd')] });
  const task = test.app.task('t', (n: number): number => n, { ignoreResult: true });
  await task.bulk([[1], [2], [3]]);
  await task.apply([4], { countdown: 20 }).published;
  await using peer = await openPeer();
  const ids = async (queue: string, count: number) =>
    (await receive(peer, test.prefix + queue, count)).map(({ content }) => JSON.parse(String(content))[0][0]);
  expect(await ids('odd', 2)).toEqual([1, 3]);
  expect(await ids('even', 2)).toEqual([2, 4]);
});

it.each(['thread', 'process'] as const)('lead the calls of tasks in a pool of kind %s too', async (pool) => {
  await using test = openApp({ routes: [{ task: /^inner$/, to: 'routed' }] });
  const { app, prefix } = test;
  const worker = createWorker(app, {
    tasks: [new URL('fixtures/routed-tasks.js', import.meta.url)],
    queues: ['tq', 'routed', 'large', 'small'],
    pool,
    concurrency: 3,
  });
  await worker.start();
  expect(await app.declareTask<typeof tasks.outer>('outer').delay().get()).toBe(`${prefix}routed`);
  const sizes = await app.declareTask<typeof tasks.outerSized>('outer-sized').delay().get();
  expect(sizes).toEqual([`${prefix}large`, `${prefix}small`]);
  const compared = app.declareTask<typeof tasks.compares>('compares').delay().get();
  await expect(compared).rejects.toMatchObject({ remote: { code: 'in-child' } });
  await worker.stop();
});

it("lead the task of a definition's onFailure to its queue", async () => {
  await using test = openApp({ routes: { report: 'failures', '**': 'rest' } });
  const { app } = test;
  const reported: unknown[] = [];
  const report = app.task('report', ({ task, queue }: TaskFailure) => void reported.push([task, queue]));
  const fail = app.task(
    'fail',
    (): never => {
      throw new Error('no');
    },
    { onFailure: report },
  );
  const worker = createWorker(app, { pool: 'async', queues: ['rest', 'failures'] });
  await worker.start();
  const ended = new Promise<unknown>((resolve) => worker.on('task:succeeded', resolve));
  await expect(fail.delay().get()).rejects.toMatchObject({ code: 'task-failed' });
  expect(await ended).toMatchObject({ task: 'report', queue: `${test.prefix}failures` });
  expect(reported).toEqual([['fail', `${test.prefix}rest`]]);
  await worker.stop();
});

it('of a config file hold in the children of a worker too, regular expressions among them', async () => {
  const prefix = freshPrefix();
  using project = createProject({
    type: 'module',
    files: {
      'tasks.ts': `import { currentTask, defineTask } from '@tq/core';
        export const inner = defineTask('deep.inner', (): string => currentTask().queue);
        export const outer = defineTask('outer', () => inner.delay().get({ allowInTask: true }));`,
      'tq.config.ts': `import { defineConfig } from '@tq/core';
        export default defineConfig({
          url: '${brokerUrl()}', prefix: '${prefix}', queueType: 'classic',
          routes: [{ task: /^DEEP/i, to: 'deep' }],
          worker: { concurrency: 2, queues: ['tq', 'deep'] },
        });`,
    },
  });
  await using worker = startTq(['worker'], { cwd: project.folder });
  await worker.line(/ready/);
  const called = await runTq(['call', 'outer'], { cwd: project.folder });
  expect(called).toMatchObject({ code: 0, stdout: `${prefix}deep\n` });
  const routed = await runTq(['call', 'deep.inner'], { cwd: project.folder });
  expect(routed).toMatchObject({ code: 0, stdout: `${prefix}deep\n` });
});

describe('an eager app', () => {
  it('runs a routed task with the queue that its route names', async () => {
    await using app = createApp({ eager: true, routes: { '**': 'mail' } });
    const task = app.task('t', () => currentTask().queue);
    expect(await task.delay().get()).toBe('mail');
  });
});

it('that name a queue make the app know its dead letters', async () => {
  await using test = openApp({ routes: { lost: 'side' } });
  const { app } = test;
  const worker = createWorker(app, { pool: 'async', queues: ['side'] });
  await worker.start();
  const refused = new Promise((resolve) => worker.on('task:refused', resolve));
  await app.declareTask('lost', { ignoreResult: true }).delay().published;
  await refused;
  await worker.stop();
  const letters = [];
  for await (const letter of app.deadLetters.list()) letters.push(letter.queue);
  expect(letters).toEqual(['side']);
});
