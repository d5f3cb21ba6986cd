import { expect, test } from 'vitest';
import { lendRabbit } from '../support/lent-rabbitmq.js';
import { openScene } from './fixtures/scene.js';

/** The broker closes a channel (406) on which a delivery has waited this long for its ack, ms. */
const CONSUMER_TIMEOUT = 1_500;

test('a worker whose channel the broker closes with an error opens another, and its running task goes on', async () => {
  // The second says how often a channel looks at its deliveries' age, which is once a minute unless told.
  const settings = { consumer_timeout: CONSUMER_TIMEOUT, channel_tick_interval: 500 };
  await using rabbit = await lendRabbit({ settings });
  await using scene = await openScene({ url: rabbit.url });
  const worker = await scene.worker({ concurrency: 2 });
  const held = scene.tasks.hold.delay(7);
  await scene.journal.entry({ event: 'started', id: held.id });
  await worker.health(({ queues }) => queues[0]?.attached === false);
  await worker.health(({ healthy }) => healthy);
  expect(worker.log()).toContain('PRECONDITION_FAILED');
  // What to do about it: on this queue the channel's other deliveries were given back as well.
  const advice = new RegExp(`"id":"${held.id}","task":"hold","timeoutMs":${CONSUMER_TIMEOUT}.*--long-tasks`);
  expect(worker.log()).toMatch(advice);
  expect(await scene.tasks.echo.delay(1).get()).toBe(1);
  scene.journal.release(held.id);
  expect(await held.get(), worker.log()).toBe(7);
  expect(scene.journal.starts({ id: held.id })).toHaveLength(1);
});
