import { type App, createApp, currentTask, Retry } from '@tq/core';
import { createWorker } from '@tq/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, type Peer, queueState, receive } from '../support/broker.js';
import type * as tasks from './fixtures/tasks.js';
import { openApp, rejection, silentLogger, type TestApp } from './fixtures/test-app.js';

const MODULE = new URL('fixtures/tasks.js', import.meta.url);
const UNIT_MS = 20;
/** Long enough to be one still when the call is published, however slow the machine; it enters at level 4. */
const LONG_MS = 31 * UNIT_MS;

let test: TestApp;
let peer: Peer;
let prefix: string;

beforeAll(async () => {
  // One ladder for all tests of this file: 28 queues are a lot for each.
  prefix = freshPrefix();
  test = openApp({ prefix, delayUnit: UNIT_MS });
  peer = await openPeer();
});

afterAll(async () => {
  await test[Symbol.asyncDispose]();
  await peer.close();
});

const echo = (app: App) => app.declareTask<typeof tasks.echo>('echo');

it('a call with a countdown or an eta runs when it is due, never before, and a past one at once', async () => {
  const worker = createWorker(test.app, { tasks: [MODULE], concurrency: 4 });
  await worker.start();
  const startedAt = Date.now();
  const waits = [0, 1, 45, 130];
  const results = waits.map((countdown) => echo(test.app).apply([countdown], { countdown }));
  const eta = new Date(startedAt + 90);
  const late = [
    echo(test.app).apply(['eta'], { eta }),
    echo(test.app).apply(['past'], { eta: new Date(startedAt - 60_000) }),
  ];
  const seen = await Promise.all(results.map(async (result) => [await result.get(), Date.now() - startedAt] as const));
  for (const [countdown, tookMs] of seen) expect(tookMs).toBeGreaterThanOrEqual(countdown as number);
  expect(await Promise.all(late.map((result) => result.get()))).toEqual(['eta', 'past']);
  expect(Date.now()).toBeGreaterThanOrEqual(eta.getTime());
  await worker.stop();
});

it('a task that waits is in the broker, nowhere else, and comes with its own headers', async () => {
  const result = echo(test.app).apply([7], { queue: 'later', countdown: LONG_MS, headers: { mine: 'kept' } });
  await result.published;
  const worker = createWorker(test.app, { tasks: [MODULE], queues: ['held'], concurrency: 4 });
  await worker.start();
  const held = [1, 2, 3].map((n) => echo(test.app).apply([n], { queue: 'held', countdown: 3 * 2 ** 17 * UNIT_MS }));
  await Promise.all(held.map(({ published }) => published));
  expect(await queueState(peer, `${prefix}tq.delay.v1.${UNIT_MS}.18`)).toEqual({ messages: 3, consumers: 0 });
  expect(worker.health()).toMatchObject({ running: 0 });
  await worker.stop();
  for (const one of held) one.forget();
  const [message] = await receive(peer, `${prefix}later`, 1);
  expect(message?.properties).toMatchObject({ correlationId: result.id, headers: { id: result.id, mine: 'kept' } });
});

it('a call goes to an exchange and key instead of a queue, now or later, and keeps its key', async () => {
  const exchange = `${prefix}events`;
  const queue = `${prefix}orders`;
  await peer.channel.assertExchange(exchange, 'topic');
  await peer.channel.assertQueue(queue, { durable: true });
  await peer.channel.bindQueue(queue, exchange, 'order.*');
  const call = { exchange: 'events', routingKey: 'order.created', ignoreResult: true };
  await echo(test.app).apply(['now'], call).published;
  await echo(test.app).apply(['later'], { ...call, countdown: LONG_MS }).published;
  const messages = await receive(peer, queue, 2);
  expect(messages.map(({ content }) => JSON.parse(String(content))[0][0])).toEqual(['now', 'later']);
  for (const { fields } of messages) expect(fields).toMatchObject({ exchange, routingKey: 'order.created' });
});

it('a call that an exchange puts into two queues runs for each of them, in one worker too', async () => {
  await using own = openApp();
  const seen: string[] = [];
  let both: () => void = () => undefined;
  const met = new Promise<void>((resolve) => (both = resolve));
  const meet = own.app.task('meet', async () => {
    if (seen.push(currentTask().queue) === 2) both();
    await met;
  });
  await using worker = createWorker(own.app, { pool: 'async', queues: ['a', 'b'], concurrency: 2 });
  await worker.start();
  await peer.channel.assertExchange(`${own.prefix}all`, 'fanout');
  for (const queue of ['a', 'b']) await peer.channel.bindQueue(`${own.prefix}${queue}`, `${own.prefix}all`, '');
  meet.apply([], { exchange: 'all', ignoreResult: true });
  await met;
  expect(seen.sort()).toEqual([`${own.prefix}a`, `${own.prefix}b`]);
});

it.each([
  ['a missing exchange', { exchange: 'nowhere' }, 'exchange-missing', /no exchange '.*nowhere': declare it first/],
  ['a missing exchange later', { exchange: 'nowhere', countdown: 50 }, 'exchange-missing', /no exchange/],
  [
    'an exchange without a queue',
    { exchange: 'amq.topic', routingKey: 'none.of.it' },
    'unroutable',
    /'none.of.it' to no/,
  ],
  ['a key without an exchange', { routingKey: 'k' }, 'invalid-option', /exchange: expected .* a routingKey without/],
  [
    'too long an exchange with its prefix',
    { exchange: 'x'.repeat(255), countdown: 50 },
    'invalid-option',
    /at most 255 bytes with its prefix, found/,
  ],
  ['too long a key', { exchange: 'amq.topic', routingKey: 'k'.repeat(256) }, 'invalid-option', /at most 255 bytes/],
])('a call to %s is refused, and others go on', async (_, options, code, text) => {
  const other = echo(test.app).apply([1], { queue: 'other', ignoreResult: true });
  const error = await rejection(echo(test.app).apply([1], options).published);
  expect(error).toMatchObject({ name: 'PublishError', code, message: expect.stringMatching(text) });
  await other.published;
});

it('apps of different units, and of different queue types, do not disturb each other', async () => {
  const options = { url: brokerUrl(), prefix, queueType: 'quorum', logger: silentLogger } as const;
  await using other = createApp({ ...options, queues: { later: { type: 'classic' } }, delayUnit: 30 });
  await using same = createApp({ ...options, queues: { later: { type: 'classic' } }, delayUnit: UNIT_MS });
  const call = { queue: 'later', countdown: LONG_MS, ignoreResult: true };
  for (const app of [other, same, test.app]) await echo(app).apply([app.taskNames().length], call).published;
  expect(await receive(peer, `${prefix}later`, 3)).toHaveLength(3);
});

it("apps of Celery's preset, of another prefix and of neither have workers and delays in one vhost", async () => {
  const options = { url: brokerUrl(), prefix, logger: silentLogger, delayUnit: UNIT_MS };
  await using celery = createApp({ ...options, preset: 'celery' });
  await using plain = createApp({ ...options, queueType: 'quorum', queue: 'plain' });
  await using apart = createApp({ ...options, prefix: `${prefix}plain.`, delayUnit: 10, queueType: 'classic' });
  const apps = [celery, plain, apart];
  const names = ['celery', 'plain', 'apart'];
  const here = apps.map((app, at) => app.task('here', () => names[at]));
  const workers = apps.map((app) => createWorker(app, { pool: 'async' }));
  await Promise.all(workers.map((worker) => worker.start()));
  const own = here.map((task) => task.apply([], { countdown: 5 * UNIT_MS }).get());
  expect(await Promise.all(own)).toEqual(names);
  // To the other's queue, by one ladder.
  const crossed = [
    here[0]?.apply([], { queue: 'plain', countdown: 60 }),
    here[1]?.apply([], { queue: 'celery', countdown: 60 }),
  ];
  expect(await Promise.all(crossed.map((result) => result?.get()))).toEqual(['plain', 'celery']);
  await Promise.all(workers.map((worker) => worker.stop()));
  expect(await queueState(peer, `${prefix}tq.delay.dead`)).toMatchObject({ messages: 0 });
});

it('a delayed call whose queue was deleted since the last one declares it again', async () => {
  const call = { queue: 'gone', countdown: LONG_MS, ignoreResult: true };
  await echo(test.app).apply([1], call).published;
  await receive(peer, `${prefix}gone`, 1);
  await peer.channel.deleteQueue(`${prefix}tq.delay.v1.${UNIT_MS}.4`);
  await peer.channel.deleteQueue(`${prefix}gone`);
  await echo(test.app).apply([2], call).published;
  expect(await receive(peer, `${prefix}gone`, 1)).toHaveLength(1);
  expect(await queueState(peer, `${prefix}tq.delay.dead`)).toMatchObject({ messages: 0 });
});

it('a delayed call whose ladder was deleted since the last one declares it again', async () => {
  const call = { queue: 'again', countdown: LONG_MS, ignoreResult: true };
  await echo(test.app).apply([1], call).published;
  await receive(peer, `${prefix}again`, 1);
  await peer.channel.deleteExchange(`${prefix}tq.delay.v1.${UNIT_MS}.enter.4`);
  await Promise.all([2, 3, 4].map((value) => echo(test.app).apply([value], call).published));
  expect(await receive(peer, `${prefix}again`, 3)).toHaveLength(3);
});

it('what has waited runs when it comes, whatever the clock here says, and is not sent round again', async () => {
  const worker = createWorker(test.app, { tasks: [MODULE], queues: ['waited'], concurrency: 1 });
  await worker.start();
  // Declares the ladder, whatever other tests have done to it.
  await echo(test.app).apply([0], { queue: 'waited', countdown: 3_600_000, ignoreResult: true }).published;
  const { queue: replies } = await peer.channel.assertQueue('', { exclusive: true });
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  // Two units and three: the last digit decides which exchange the message comes from.
  for (const digits of ['1.0', '1.1']) {
    const key = `${'0.'.repeat(26)}${digits}.${prefix}waited`;
    peer.channel.publish(`${prefix}tq.delay.v1.${UNIT_MS}.enter.1`, key, Buffer.from(`[["${digits}"],{},{}]`), {
      headers: { id: digits, task: 'echo', eta: inAnHour },
      ...{ contentType: 'application/json', contentEncoding: 'utf-8', correlationId: digits, replyTo: replies },
    });
  }
  const answers = await receive(peer, replies, 2);
  expect(answers.map(({ content }) => JSON.parse(String(content)).result)).toEqual(['1.0', '1.1']);
  await worker.stop();
});

it('a task tries again through the delays time after time, on a queue of the longest name', async () => {
  const queue = 'q'.repeat(199 - prefix.length);
  await using own = openApp({ prefix, delayUnit: UNIT_MS });
  let runs = 0;
  const again = own.app.task('again', () => {
    runs += 1;
    if (runs < 6) throw new Retry({ delay: 3 * UNIT_MS, maxRetries: 10 });
    return runs;
  });
  const worker = createWorker(own.app, { pool: 'async', queues: [queue] });
  await worker.start();
  expect(await again.apply([], { queue, countdown: 3 * UNIT_MS }).get()).toBe(6);
  await worker.stop();
});
