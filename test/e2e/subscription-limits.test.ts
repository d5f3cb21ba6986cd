/** Subscribers that do not end, groups in either kind of queue, and apps side by side. */
import type { DeadLetter } from '@tq/core';
import { createWorker, type Worker, type WorkerEvents } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { brokerUrl, openPeer, queueState } from '../support/broker.js';
import { runTq } from '../support/tq-process.js';
import { openApp, type TestApp } from './fixtures/test-app.js';

const OTHERS = [new URL('fixtures/tasks.js', import.meta.url)];
const HANGING = [new URL('fixtures/hanging-subscribers.js', import.meta.url)];

/** Resolves with the next event of a kind. */
function next<K extends keyof WorkerEvents>(worker: Worker, name: K): Promise<WorkerEvents[K]> {
  return new Promise((resolve) => {
    const leave = worker.on(name, (event) => {
      leave();
      resolve(event);
    });
  });
}

describe.each(['thread', 'process'] as const)('a subscriber that does not end (pool %s)', (pool) => {
  it('is ended by its time limit, leaves a dead letter, and the next event is handled', async () => {
    await using test = openApp();
    const { app } = test;
    // So that it knows whose dead letters to list.
    app.subscribe('hangs', () => undefined, { group: 'g' });
    await using worker = createWorker(app, { pool, tasks: HANGING, queues: [], concurrency: 1 });
    await worker.start();
    const failed = next(worker, 'task:failed');
    const event = app.event('hangs');
    const hangs = event.publish('loop');
    expect(await failed).toMatchObject({ task: 'on:hangs@g', id: hangs.id });
    const succeeded = next(worker, 'task:succeeded');
    const passes = event.publish('pass');
    expect(await succeeded).toMatchObject({ id: passes.id });
    await worker.stop();
    const letters: DeadLetter[] = [];
    for await (const letter of app.deadLetters.list()) letters.push(letter);
    expect(letters).toMatchObject([
      { queue: 'tq.group.g.hangs', id: hangs.id, error: expect.stringMatching(/time limit/i) },
    ]);
  });
});

it('gives the event of a group that its cold stop finds running to another worker', async () => {
  await using first = openApp();
  await using second = openApp({ prefix: first.prefix });
  let started: (id: string) => void = () => undefined;
  const begun = new Promise<string>((resolve) => {
    started = resolve;
  });
  first.app.subscribe('a', (_, { messageId = '' }) => new Promise(() => started(messageId)), { group: 'g' });
  second.app.subscribe('a', () => undefined, { group: 'g' });
  const leaving = createWorker(first.app, { pool: 'async', queues: [], abortGrace: 100 });
  await leaving.start();
  const event = second.app.event('a').publish(1);
  expect(await begun).toBe(event.id);
  await leaving.stop({ cold: true });
  await using worker = createWorker(second.app, { pool: 'async', queues: [] });
  const ended = next(worker, 'task:succeeded');
  await worker.start();
  expect(await ended).toMatchObject({ id: event.id, task: 'on:a@g' });
});

it.each(['classic', 'quorum'] as const)(
  'is tried again after its delays in its own group alone, whose dead letters go back to it alone (%s queues)',
  async (queueType) => {
    await using test = openApp({ queueType, delayUnit: 10 });
    const { app, prefix } = test;
    let mended = false;
    const runs = { failing: 0, other: 0 };
    const failing = () => {
      runs.failing++;
      if (!mended) throw new Error('not yet');
    };
    app.subscribe('a', failing, { group: 'failing', retry: { maxRetries: 2, delay: 20, jitter: false } });
    app.subscribe('a', () => void runs.other++, { group: 'other' });
    await using worker = createWorker(app, {
      pool: 'async',
      queues: [],
      longTasks: ['tq.group.failing.a'],
      concurrency: 2,
    });
    await worker.start();
    const failed = next(worker, 'task:failed');
    const event = app.event('a').publish(1);
    await failed;
    expect(runs).toEqual({ failing: 3, other: 1 });
    await using peer = await openPeer();
    expect(await queueState(peer, `${prefix}tq.group.failing.a`)).toEqual({ messages: 0, consumers: 2 });
    mended = true;
    const again = next(worker, 'task:succeeded');
    expect(await app.deadLetters.retry()).toMatchObject({ matched: 1, moved: 1 });
    expect(await again).toMatchObject({ id: event.id, task: 'on:a@failing' });
    expect(runs).toEqual({ failing: 4, other: 1 });
  },
);

it('is of its app: those of another prefix neither get its events nor share its groups', async () => {
  await using one = openApp();
  await using other = openApp();
  one.app.subscribe('one', () => undefined);
  other.app.subscribe('other', () => undefined);
  const got: string[] = [];
  let ends = 0;
  const both = new Promise<void>((resolve) => {
    for (const { app, prefix } of [one, other]) {
      app.subscribe(
        '#',
        (payload) => {
          got.push(`${payload} in ${prefix}`);
          if (++ends === 2) resolve();
        },
        { group: 'g' },
      );
    }
  });
  await using first = createWorker(one.app, { pool: 'async', queues: [] });
  await using second = createWorker(other.app, { pool: 'async', queues: [] });
  await Promise.all([first.start(), second.start()]);
  const queues = [first, second].map((worker) => worker.health().subscriptions.map(({ queue }) => queue));
  const own = ({ prefix }: TestApp, name: string) => [
    expect.stringContaining(`${prefix}tq.broadcast.all.`),
    expect.stringContaining(`${prefix}tq.everybody.${name}.`),
    `${prefix}tq.group.g.#`,
  ];
  expect(queues.map((names) => names.sort())).toEqual([own(one, 'one'), own(other, 'other')]);
  await one.app.event('a').publish(1);
  await other.app.event('a').publish(2);
  await both;
  expect(got.sort()).toEqual([`1 in ${one.prefix}`, `2 in ${other.prefix}`].sort());
});

it('waits in the queue of its group while only workers are there that do not have the subscription', async () => {
  await using old = openApp();
  await using test = openApp({ prefix: old.prefix });
  test.app.subscribe('a', () => undefined, { group: 'g' });
  const before = createWorker(test.app, { pool: 'async', queues: [] });
  await before.start();
  await before.stop();
  await using without = createWorker(old.app, { tasks: OTHERS, concurrency: 1 });
  await without.start();
  const event = test.app.event('a').publish(1);
  await event;
  await using peer = await openPeer();
  expect(await queueState(peer, `${old.prefix}tq.group.g.a`)).toEqual({ messages: 1, consumers: 0 });
  await using worker = createWorker(test.app, { pool: 'async', queues: [] });
  const ended = next(worker, 'task:succeeded');
  await worker.start();
  expect(await ended).toMatchObject({ id: event.id });
});

it('is what a worker without queues says that it needs', async () => {
  const { prefix } = openApp();
  const env = { TQ_URL: brokerUrl(), TQ_PREFIX: prefix };
  const tasks = new URL('fixtures/tasks.js', import.meta.url).pathname;
  const end = await runTq(['worker', '--app', tasks, '--queues', 'none', '--no-broadcast'], { env });
  expect(end.code).toBe(2);
  expect(end.stderr).toMatch(/subscribe to nothing.*Name a queue, or add the module that subscribes/);
});
