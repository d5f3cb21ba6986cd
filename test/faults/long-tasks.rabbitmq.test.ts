import type { App, AppOptions } from '@tq/core';
import type { WorkerOptions } from '@tq/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lendRabbit } from '../support/lent-rabbitmq.js';
import type { RabbitServer } from '../support/rabbitmq.js';
import { openScene } from './fixtures/scene.js';

/** The broker closes a channel (406) on which a delivery has waited this long for its ack, ms. */
const CONSUMER_TIMEOUT = 4_000;

let rabbit: RabbitServer;

beforeAll(async () => {
  // The second says how often a channel looks at its deliveries' age, which is once a minute unless told.
  rabbit = await lendRabbit({ settings: { consumer_timeout: CONSUMER_TIMEOUT, channel_tick_interval: 500 } });
});

afterAll(() => rabbit.stop());

/** The channels that consume the queue, by their process in the broker. */
async function consumersOf(queue: string): Promise<string[]> {
  const rows = (await rabbit.ctl('list_consumers', '--silent', 'queue_name', 'channel_pid')).split('\n');
  return rows.filter((row) => row.startsWith(`${queue}\t`)).map((row) => row.split('\t')[1] as string);
}

/** Nothing is left in the queue, and so many dead letters are beside it. */
async function expectLeft(app: App, deadLetters: number): Promise<void> {
  const queue = app.queue('tq');
  const [{ messages }, dead] = await Promise.all([queue.depth(), queue.dead.depth()]);
  expect([messages, dead.messages]).toEqual([0, deadLetters]);
}

const KINDS: [AppOptions['queueType'], WorkerOptions['pool']][] = [
  ['quorum', 'thread'],
  ['classic', 'async'],
];

test.each(KINDS)(
  'on a %s queue of long tasks (pool: %s) a task may run longer than consumer_timeout, and only its channel is closed',
  async (queueType, pool) => {
    await using scene = await openScene({ url: rabbit.url, queueType });
    const worker = await scene.worker({ concurrency: 3, pool, longTasks: ['tq'] });
    const channels = await consumersOf(scene.queue);
    expect(channels).toHaveLength(3);
    const long = scene.tasks.hold.delay(7);
    await scene.journal.entry({ event: 'started', id: long.id });
    // It is young when the channel of the other is closed.
    expect(await scene.tasks.echo.delay(1, CONSUMER_TIMEOUT / 2).get()).toBe(1);
    const short = scene.tasks.hold.delay(8);
    await scene.journal.entry({ event: 'started', id: short.id });
    await worker.health(({ queues }) => queues[0]?.attached === false);
    await worker.health(({ healthy }) => healthy);
    // What was given back to the queue is delivered before what comes later.
    expect(await scene.tasks.echo.delay(2).get()).toBe(2);
    for (const { id } of [short, long]) scene.journal.release(id);
    expect(await Promise.all([short.get(), long.get()]), worker.log()).toEqual([8, 7]);
    const left = await consumersOf(scene.queue);
    expect([left.length, left.filter((channel) => channels.includes(channel)).length]).toEqual([3, 2]);
    expect(scene.journal.starts()).toHaveLength(4);
    await expectLeft(scene.app, 0);
  },
  60_000,
);

test.each(KINDS)(
  'on a %s queue of long tasks (pool: %s) a task that would run into a second timeout is ended and given up, and not run again',
  async (queueType, pool) => {
    await using scene = await openScene({ url: rabbit.url, queueType });
    const worker = await scene.worker({ concurrency: 2, pool, longTasks: ['tq'] });
    const endless = scene.tasks.hold.delay(7);
    await expect(endless.get(), worker.log()).rejects.toMatchObject({
      code: 'task-failed',
      remote: { code: 'consumer-timeout', message: expect.stringMatching(/4000 ms.*timeLimit.*consumer_timeout/) },
    });
    expect(worker.log().match(/consuming stopped/g)).toHaveLength(1);
    if (pool === 'async') await scene.journal.entry({ event: 'aborted', id: endless.id });
    // Both slots take tasks again.
    const next = [1, 2].map((value) => scene.tasks.hold.delay(value));
    for (const { id } of next) await scene.journal.entry({ event: 'started', id });
    for (const { id } of next) scene.journal.release(id);
    expect(await Promise.all(next.map((result) => result.get()))).toEqual([1, 2]);
    expect(scene.journal.starts({ id: endless.id })).toHaveLength(1);
    await expectLeft(scene.app, 1);
  },
  60_000,
);
