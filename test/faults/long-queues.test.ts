import { expect, test } from 'vitest';
import { brokerUrl } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { openScene } from './fixtures/scene.js';

const SLOTS = 3;

test('a queue of long tasks has a consumer for each slot, and takes no more than it runs', async () => {
  await using scene = await openScene();
  const worker = await scene.worker({ concurrency: SLOTS, prefetchMultiplier: 4, longTasks: ['tq'] });
  const results = await scene.tasks.hold.bulk([[0], [1], [2], [3], [4]]);
  await scene.journal.until((entries) => entries.length === SLOTS);
  expect(await scene.app.queue('tq').depth()).toEqual({ messages: 2, consumers: SLOTS });
  worker.signal('SIGTERM');
  await worker.health(({ state }) => state === 'stopping');
  for (const { id } of results) scene.journal.release(id);
  expect(await worker.ended, worker.log()).toEqual({ code: 0, signal: null });
  expect(await scene.app.queue('tq').depth()).toEqual({ messages: 2, consumers: 0 });
  await scene.worker({ concurrency: SLOTS });
  expect(await Promise.all(results.map((result) => result.get()))).toEqual([0, 1, 2, 3, 4]);
  expect(scene.journal.starts()).toHaveLength(5);
});

test('all consumers of a queue of long tasks come back from a lost connection, and what runs goes on', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using scene = await openScene();
  const worker = await scene.worker({ url: proxy.url, concurrency: SLOTS, longTasks: ['tq'] });
  const results = await scene.tasks.hold.bulk([[0], [1]]);
  await scene.journal.until((entries) => entries.length === 2);
  const down = worker.health(({ queues }) => queues[0]?.attached === false);
  proxy.cut();
  await down;
  await worker.health(({ healthy }) => healthy);
  expect(await scene.app.queue('tq').depth()).toEqual({ messages: 0, consumers: SLOTS });
  // What was given back to the queue is delivered before what comes later.
  expect(await scene.tasks.echo.delay(2).get()).toBe(2);
  for (const { id } of results) scene.journal.release(id);
  expect(await Promise.all(results.map((result) => result.get())), worker.log()).toEqual([0, 1]);
  expect(scene.journal.starts({ pid: worker.pid })).toHaveLength(3);
});
