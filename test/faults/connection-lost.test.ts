import { once } from 'node:events';
import { expect, test } from 'vitest';
import { brokerUrl } from '../support/broker.js';
import { type CuttingProxy, startProxy } from '../support/cutting-proxy.js';
import { scaledLimit, soaked } from './fixtures/scale.js';
import { numbers, openScene } from './fixtures/scene.js';

const TASKS = soaked(150, 400);
/** Seconds. A dead connection is noticed after two. */
const HEARTBEAT = 1;
/** A worker and a caller each have one connection to publish on and one to consume on. */
const CONNECTIONS = 2;

/** Resets all connections; new ones work at once. */
async function cut(proxy: CuttingProxy): Promise<void> {
  const back = connected(proxy, CONNECTIONS);
  proxy.cut();
  await back;
}

/** Lets both sides believe in their connections until they give them up for want of heartbeats and dial again. */
async function halfOpen(proxy: CuttingProxy): Promise<void> {
  const back = connected(proxy, CONNECTIONS);
  proxy.freeze();
  await back;
  proxy.thaw();
}

async function connected(proxy: CuttingProxy, count: number): Promise<void> {
  for (let seen = 0; seen < count; seen++) await once(proxy.events, 'connected');
}

const LOSSES = [
  ['cut', cut],
  ['half-open', halfOpen],
] as const;

test.each(LOSSES)(
  'a %s connection of a worker costs no result, and the worker consumes again',
  async (_, lose) => {
    await using proxy = await startProxy(brokerUrl());
    await using scene = await openScene({ heartbeat: HEARTBEAT });
    const worker = await scene.worker({ url: proxy.url });
    const results = numbers(TASKS).map((n) => scene.tasks.echo.delay(n, 2));
    await scene.journal.until((entries) => entries.length >= TASKS / 4);
    const down = worker.health(({ healthy }) => !healthy);
    await lose(proxy);
    await down;
    expect(await Promise.all(results.map((result) => result.get())), worker.log()).toEqual(numbers(TASKS));
    const { queues } = await worker.health(({ healthy }) => healthy);
    expect(queues).toEqual([{ name: scene.queue, attached: true }]);
    expect(await scene.tasks.echo.delay(-1).get()).toBe(-1);
  },
  scaledLimit(30_000),
);

test.each(LOSSES)(
  'a %s connection of a caller costs no result',
  async (_, lose) => {
    await using proxy = await startProxy(brokerUrl());
    await using scene = await openScene({ heartbeat: HEARTBEAT, url: proxy.url });
    await scene.worker({ url: brokerUrl() });
    const early = numbers(TASKS / 2).map((n) => scene.tasks.echo.delay(n, 2));
    await scene.journal.until((entries) => entries.length >= TASKS / 8);
    const lost = lose(proxy);
    // These are written to a dead connection, or wait for the next one.
    const late = numbers(TASKS / 2).map((n) => scene.tasks.echo.delay(n + TASKS / 2, 2));
    await lost;
    const results = [...early, ...late];
    expect(await Promise.all(results.map((result) => result.get()))).toEqual(numbers(TASKS));
    const ids = new Set(scene.journal.starts().map(({ id }) => id));
    expect(ids).toEqual(new Set(results.map(({ id }) => id)));
  },
  scaledLimit(30_000),
);

test('a task that runs while its worker reconnects runs on: its redelivery joins it, and one reply comes', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using scene = await openScene({ heartbeat: HEARTBEAT });
  const worker = await scene.worker({ url: proxy.url, concurrency: 2 });
  const held = scene.tasks.hold.delay(7);
  await scene.journal.entry({ event: 'started', id: held.id });
  for (const lose of [cut, halfOpen, cut]) {
    const down = worker.health(({ healthy }) => !healthy);
    await lose(proxy);
    await down;
    await worker.health(({ healthy }) => healthy);
    // The other slot shows that deliveries come again, and the held one's was there before it.
    expect(await scene.tasks.echo.delay(1).get()).toBe(1);
  }
  scene.journal.release(held.id);
  expect(await held.get()).toBe(7);
  expect(scene.journal.starts({ id: held.id })).toHaveLength(1);
});
