/** Subscriptions in workers: everybody each event, a group each once. */
import type { App, DeadLetter } from '@tq/core';
import { createWorker, type Worker, type WorkerOptions } from '@tq/worker';
import { expect, it } from 'vitest';
import { openPeer, queueState } from '../support/broker.js';
import { subscribeOn } from './fixtures/subscriptions.js';
import { openApp } from './fixtures/test-app.js';

const MODULES = [new URL('fixtures/subscribing-tasks.js', import.meta.url)];
const POOLS = ['thread', 'process', 'async'] as const;

/** A worker of the pool that has the subscriptions; those of the async pool are the app's. */
function subscriber(app: App, pool: (typeof POOLS)[number], options: WorkerOptions = {}) {
  return new Ends(
    createWorker(app, { pool, concurrency: 1, ...(pool === 'async' ? {} : { tasks: MODULES }), ...options }),
  );
}

/** What a worker came to an end with, by the name of the subscription. */
class Ends implements AsyncDisposable {
  readonly worker: Worker;
  readonly #ids = new Map<string, string[]>();
  readonly #watchers = new Set<() => void>();
  failures = 0;

  constructor(worker: Worker) {
    this.worker = worker;
    worker.on('task:succeeded', ({ task, id }) => {
      this.#ids.set(task, [...this.of(task), id]);
      this.#tell();
    });
    worker.on('task:failed', () => {
      this.failures++;
      this.#tell();
    });
  }

  of(task: string): readonly string[] {
    return this.#ids.get(task) ?? [];
  }

  watch(look: () => void): () => void {
    this.#watchers.add(look);
    return () => this.#watchers.delete(look);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.stop();
  }

  #tell(): void {
    for (const look of [...this.#watchers]) look();
  }
}

/** Resolves once what the workers came to is so. */
function until(all: readonly Ends[], reached: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const leaves: (() => void)[] = [];
    const look = () => {
      if (!reached()) return;
      for (const leave of leaves) leave();
      resolve();
    };
    leaves.push(...all.map((ends) => ends.watch(look)));
    look();
  });
}

const lettersOf = async (app: App) => {
  const letters: DeadLetter[] = [];
  for await (const letter of app.deadLetters.list()) letters.push(letter);
  return letters;
};

it('gives every worker each event, whatever its pool, and each group each event once', async () => {
  await using test = openApp();
  subscribeOn(test.app);
  const created = test.app.event('orders.created');
  const paid = test.app.event('orders.paid');
  const all = POOLS.map((pool) => subscriber(test.app, pool));
  await using late = subscriber(test.app, 'async');
  try {
    await Promise.all(all.map(({ worker }) => worker.start()));
    const early = Array.from({ length: 10 }, (_, n) => [created.publish({ n }), paid.publish({ n })]).flat();
    await Promise.all(early);
    const ids = early.map(({ id }) => id).sort();
    const ofGroup = (group: string, workers: readonly Ends[]) => workers.flatMap((ends) => ends.of(group)).sort();
    await until(
      all,
      () => ofGroup('on:orders.*@billing', all).length + ofGroup('on:orders.created@mail', all).length >= 30,
    );
    await until(all, () => all.every((ends) => ends.of('on:orders.*').length >= 20));
    expect(all.map((ends) => [...ends.of('on:orders.*')].sort())).toEqual([ids, ids, ids]);
    expect(ofGroup('on:orders.*@billing', all)).toEqual(ids);
    expect(ofGroup('on:orders.created@mail', all)).toEqual(
      ids.filter((id) => early.some((event, at) => at % 2 === 0 && event.id === id)),
    );
    // One that joins gets what comes from then on, and shares the groups.
    await late.worker.start();
    const next = created.publish({});
    await next;
    const four = [...all, late];
    await until(four, () => four.every((ends) => ends.of('on:orders.*').includes(next.id)));
    await until(four, () => ofGroup('on:orders.*@billing', four).length === 21);
    expect(late.of('on:orders.*')).toEqual([next.id]);
  } finally {
    await Promise.all(all.map((ends) => ends[Symbol.asyncDispose]()));
  }
});

it.each(['thread', 'async'] as const)(
  'tries again, and leaves dead letters: those of a group go back to it, those of everybody cannot (pool %s)',
  async (pool) => {
    await using test = openApp({ delayUnit: 10 });
    const { app } = test;
    subscribeOn(app);
    const broken = app.event('broken');
    await using ends = subscriber(app, pool);
    await ends.worker.start();
    const mended = broken.publish({ until: 2 }, { headers: { tenant: 't1' } });
    const lost = broken.publish({ until: 3 }, { headers: { tenant: 't2' } });
    const names = ['on:broken', 'on:broken@broken', 'on:broken@other'];
    await until([ends], () => ends.failures === 3 && names.every((name) => ends.of(name).length === 1));
    expect(names.map((name) => ends.of(name))).toEqual(names.map(() => [mended.id]));
    await ends.worker.stop();
    const letters = await lettersOf(app);
    const about = { id: lost.id, reason: 'failed', error: 'Error: broken broken tq.events t2' };
    expect(letters).toMatchObject([
      { queue: 'tq.everybody.broken', ...about },
      { queue: 'tq.group.broken.broken', ...about },
      { queue: 'tq.group.other.broken', ...about },
    ]);
    expect(await app.deadLetters.retry()).toMatchObject({ matched: 3, moved: 2, skipped: 1 });
    await using again = subscriber(app, 'async');
    await again.worker.start();
    await until([again], () => again.failures === 2);
    await again.worker.stop();
    expect(await lettersOf(app)).toMatchObject(letters.map(({ queue, error }) => ({ id: lost.id, queue, error })));
  },
);

it('takes by headers, and from an exchange that other programs fill with what they like', async () => {
  await using test = openApp();
  const { app, prefix } = test;
  await using peer = await openPeer();
  await peer.channel.assertExchange(`${prefix}foreign`, 'direct', { durable: false, autoDelete: true });
  const heard: unknown[] = [];
  app.subscribe(['warn', 'error'], (line, { event, exchange, appId }) => heard.push([line, event, exchange, appId]), {
    exchange: 'foreign',
    format: 'text',
  });
  subscribeOn(app);
  await using ends = subscriber(app, 'async');
  await ends.worker.start();
  const say = (severity: string, line: string) =>
    peer.channel.publish(`${prefix}foreign`, severity, Buffer.from(line), { appId: 'pika', replyTo: 'nobody' });
  say('info', 'not asked for');
  say('warn', 'disk is filling');
  say('error', 'disk is full');
  const label = 'on:foreign/warn,error';
  await until([ends], () => ends.of(label).length === 2);
  expect(heard).toEqual([
    ['disk is filling', 'warn', `${prefix}foreign`, 'pika'],
    ['disk is full', 'error', `${prefix}foreign`, 'pika'],
  ]);
  const created = app.event('orders.created');
  await created.publish({}, { headers: { urgent: false } });
  const urgent = created.publish({}, { headers: { urgent: true } });
  await until([ends], () => ends.of('on:urgent@urgent').length === 1 && ends.of('on:orders.*').length === 2);
  expect(ends.of('on:urgent@urgent')).toEqual([urgent.id]);
});

it('may be all that a worker has, or be turned off', async () => {
  await using test = openApp();
  const { app, prefix } = test;
  await using only = subscriber(app, 'thread', { queues: [], broadcast: false });
  await using without = subscriber(app, 'thread', { subscriptions: false });
  const ready = new Promise((resolve) => only.worker.on('worker:ready', resolve));
  await only.worker.start();
  const { queues, subscriptions, slots } = only.worker.health();
  const ofGroup = (name: string, queue: string) => ({ name, queue: `${prefix}tq.group.${queue}`, attached: true });
  expect({ queues, subscriptions, slots }).toMatchObject({
    queues: [],
    slots: 1,
    subscriptions: expect.arrayContaining([
      expect.objectContaining(ofGroup('on:orders.*@billing', 'billing.orders.*')),
      expect.objectContaining({ name: 'on:orders.*', attached: true }),
    ]),
  });
  const named = subscriptions.map(({ name, queue }) => ({ name, queue }));
  expect(await ready).toMatchObject({ queues: [], subscriptions: named });
  await without.worker.start();
  expect(without.worker.health().subscriptions).toMatchObject([{ name: 'tq.broadcast.all' }]);
  await using peer = await openPeer();
  expect(await queueState(peer, `${prefix}tq.group.mail.orders.created`)).toMatchObject({ consumers: 1 });
  const own = subscriptions.find(({ name }) => name === 'on:orders.*')?.queue as string;
  await only.worker.stop();
  await app.close();
  expect(await queueState(peer, own)).toBeUndefined();
});

it('is what a worker without queues and broadcasts must have, and what `longTasks` may name', async () => {
  await using test = openApp();
  const none = createWorker(test.app, { pool: 'async', queues: [], broadcast: false });
  await expect(none.start()).rejects.toMatchObject({ code: 'invalid-option' });
  await using other = openApp();
  subscribeOn(other.app);
  const wrong = createWorker(other.app, { pool: 'async', longTasks: ['tq.group.billing.order.*'] });
  await expect(wrong.start()).rejects.toMatchObject({
    code: 'invalid-option',
    message: expect.stringContaining("Did you mean 'tq.group.billing.orders.*'?"),
  });
  const long = createWorker(other.app, { pool: 'async', longTasks: ['tq.group.billing.orders.*'], concurrency: 3 });
  await long.start();
  await using peer = await openPeer();
  expect(await queueState(peer, `${other.prefix}tq.group.billing.orders.*`)).toMatchObject({ consumers: 3 });
  await long.stop();
});
