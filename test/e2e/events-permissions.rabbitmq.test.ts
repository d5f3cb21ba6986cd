/** Events and broadcasts of users with few rights. */
import { createApp } from '@tq/core';
import { createWorker } from '@tq/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lendRabbit } from '../support/lent-rabbitmq.js';
import type { RabbitServer } from '../support/rabbitmq.js';
import { addRabbitUser } from '../support/rabbitmq-user.js';
import { runTq } from '../support/tq-process.js';
import { rejection, silentLogger } from './fixtures/test-app.js';

let rabbit: RabbitServer;

beforeAll(async () => {
  rabbit = await lendRabbit();
});

afterAll(() => rabbit.stop());

it('a publisher that may not declare is told so, and publishes once the exchange is there', async () => {
  const url = await addRabbitUser(rabbit, 'publisher', '^$', '.*', '.*');
  await using app = createApp({ url, logger: silentLogger });
  const created = app.event('orders.created');
  const error = await rejection(Promise.resolve(created.publish(1)));
  expect(error).toMatchObject({ name: 'PublishError' });
  expect(error.message).toMatch(/tq\.events.*may not be declared by this user/);
  await using other = createApp({ url: rabbit.url, logger: silentLogger });
  await other.event('orders.created').publish(1);
  await created.publish(2);
});

it('tq subscribe ends and says what its user may not do, without the password', async () => {
  const url = await addRabbitUser(rabbit, 'reader', '^$', '.*', '.*');
  const end = await runTq(['subscribe', '#'], { env: { TQ_URL: url } });
  expect(end).toMatchObject({ code: 1, stdout: '' });
  expect(end.stderr).toMatch(/may not be declared by this user: .*ACCESS_REFUSED/);
  expect(end.stderr).not.toContain('secret');
});

it('a worker that may not declare the broadcasts waits for the right, says so, and needs none without them', async () => {
  const configure = String.raw`^(tq|tq\.(dead|delay.*|reply.*)|work|work\.dead)$`;
  const url = await addRabbitUser(rabbit, 'worker', configure, '.*', '.*');
  await using app = createApp({ url, queueType: 'classic', logger: silentLogger });
  app.task('work', () => 'done', { queue: 'work' });
  const waiting = createWorker(app, { pool: 'async', queues: ['work'] });
  const started = waiting.start();
  while (!/ACCESS_REFUSED/.test(String(waiting.health().subscriptions[0]?.error))) await new Promise(setImmediate);
  expect(waiting.health()).toMatchObject({
    healthy: false,
    subscriptions: [{ name: 'tq.broadcast.all', attached: false }],
  });
  const ended = rejection(started);
  await waiting.stop();
  expect(await ended).toMatchObject({ code: 'closed' });
  await using without = createWorker(app, { pool: 'async', queues: ['work'], broadcast: false });
  await without.start();
  expect(without.health()).toMatchObject({ healthy: true, subscriptions: [] });
});
