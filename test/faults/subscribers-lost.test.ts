/** Workers' own queues, whose connection is lost, half-open or dead and still there; and subscribers that are slow. */
import { createWorker, type Worker } from '@tq/worker';
import { expect, test } from 'vitest';
import { openApp, problems } from '../e2e/fixtures/test-app.js';
import { brokerUrl, openPeer, queueState } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { scaledLimit, soaked } from './fixtures/scale.js';

const EVENTS = soaked(150, 400);

/** The queue that a worker has for a subscription. */
function queueOf(worker: Worker, name: string): string {
  const found = worker.health().subscriptions.find((subscription) => subscription.name === name);
  if (found === undefined) throw new Error(`expected a subscription ${name}, found none`);
  return found.queue;
}

/** Resolves when the worker consumes all of its subscriptions again. */
function attachedAgain(worker: Worker): Promise<void> {
  return new Promise((resolve) =>
    worker.on('queue:attached', () => {
      if (worker.health().subscriptions.every(({ attached }) => attached)) resolve();
    }),
  );
}

test(
  'a subscription without a group comes back over a half-open connection, though the broker may still hold its queue for the dead one',
  async () => {
    await using proxy = await startProxy(brokerUrl());
    // Both ends give the dead connection up after about two seconds; until the broker does, it holds the exclusive queue.
    await using publisher = openApp();
    await using own = openApp({ url: proxy.url, prefix: publisher.prefix, heartbeat: 1 });
    const heard: unknown[] = [];
    let hear: () => void = () => undefined;
    own.app.subscribe('orders.*', (payload) => {
      heard.push(payload);
      hear();
    });
    await using worker = createWorker(own.app, { pool: 'async', queues: [] });
    await worker.start();
    const queue = queueOf(worker, 'on:orders.*');
    const created = publisher.app.event('orders.created');
    const next = () => new Promise<void>((resolve) => (hear = resolve));
    const first = next();
    await created.publish(1);
    await first;
    for (const round of [1, 2]) {
      const back = attachedAgain(worker);
      // What consumes now, alone and for good: the broker finds out by itself, and the next connection works.
      proxy.freeze('tq consume');
      await back;
      expect(queueOf(worker, 'on:orders.*')).toBe(queue);
      const again = next();
      await created.publish(round + 1);
      await again;
    }
    expect(heard).toEqual([1, 2, 3]);
  },
  scaledLimit(120_000),
);

test('a queue that a dead connection still holds (405) is waited for, and the worker says so', async () => {
  await using publisher = openApp();
  await using proxy = await startProxy(brokerUrl());
  await using own = openApp({ url: proxy.url, prefix: publisher.prefix });
  const heard: unknown[] = [];
  const got = new Promise<void>((resolve) => {
    own.app.subscribe('a', (payload) => {
      heard.push(payload);
      resolve();
    });
  });
  await using worker = createWorker(own.app, { pool: 'async', queues: [], broadcast: false });
  await worker.start();
  const queue = queueOf(worker, 'on:a');
  const lost = new Promise((resolve) => worker.on('queue:detached', resolve));
  proxy.refuse();
  proxy.cut();
  await lost;
  await using squatter = await openPeer();
  // Until the broker has noticed the cut, the queue is still the worker's.
  while ((await queueState(squatter, queue).catch(() => 'held')) !== undefined);
  await squatter.channel.assertQueue(queue, { exclusive: true, durable: false });
  await proxy.accept();
  while (!/RESOURCE.LOCKED/.test(String(worker.health().subscriptions[0]?.error))) await new Promise(setImmediate);
  expect(worker.health()).toMatchObject({ healthy: false, subscriptions: [{ attached: false }] });
  const back = attachedAgain(worker);
  await squatter.close();
  await back;
  await publisher.app.event('a').publish('after');
  await got;
  expect(heard).toEqual(['after']);
  while (!worker.health().healthy) await new Promise(setImmediate);
});

test(`of ${EVENTS} events a worker that is slow holds what its slots and its prefetch are, and the broker the rest`, async () => {
  await using test = openApp();
  const { app } = test;
  await using peer = await openPeer();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let running = 0;
  let most = 0;
  const slow = async () => {
    most = Math.max(most, ++running);
    await held;
    running--;
  };
  app.subscribe('a', slow);
  app.subscribe('a', slow, { group: 'g' });
  await using worker = createWorker(app, { pool: 'async', queues: [], concurrency: 2, prefetchMultiplier: 3 });
  let ends = 0;
  const over = new Promise<void>((resolve) =>
    worker.on('task:succeeded', () => {
      if (++ends === 2 * EVENTS) resolve();
    }),
  );
  await worker.start();
  const event = app.event('a');
  await Promise.all(Array.from({ length: EVENTS }, (_, n) => event.publish(n)));
  // Nobody but its connection may look at a worker's own queue; that of the group is consumed in the same way.
  const kept = await queueState(peer, queueOf(worker, 'on:a@g'));
  const { running: occupied } = worker.health();
  release();
  expect({ kept, occupied }).toEqual({ kept: { messages: EVENTS - 6, consumers: 1 }, occupied: 2 });
  await over;
  expect(most).toBe(2);
  expect(problems(test.lines)).toEqual([]);
});
