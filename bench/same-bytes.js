// @ts-check
/** Makes sure that both sides speak the same bytes, without which their figures say nothing of each other. */
import { deepStrictEqual } from 'node:assert';
import { createWorker } from '@tq/worker';
import { ackEach } from './raw/acks.js';
import { connectBoth, declareTaskQueue } from './raw/broker.js';
import { consumeTasks } from './raw/consume.js';
import { encodeCall } from './raw/message.js';
import { openPublisher, publish, queueAddress } from './raw/publisher.js';
import { argsOf, TASK } from './task.js';
import { createBenchApp } from './tq/app.js';

/** @import { Channel, GetMessage, Message } from 'amqplib' */
/** @import { Job } from './job.js' */

const ID = '5e7a4fd0-1c1b-4c7e-9d5e-3f2c8a6b1d90';

/**
 * Sends a call and a reply both ways and compares what arrives.
 * @param {Pick<Job, 'url' | 'prefix'>} names
 * @throws when properties or body of the two sides' messages differ
 */
export async function checkSameBytes(names) {
  /** @type {Job} */
  const job = { ...names, queue: 'bytes', queueType: 'classic', warmUp: 0, count: 1, slots: 1 };
  const queue = job.prefix + job.queue;
  const broker = await connectBoth(job.url);
  const channel = await broker.consuming.createChannel();
  const publisher = await openPublisher(broker.publishing);
  await declareTaskQueue(channel, job.prefix, queue, job.queueType);
  const app = createBenchApp(job);
  const echo = app.task(TASK, (/** @type {number} */ n, /** @type {string} */ _text) => n);
  const call = { id: ID, task: TASK, args: argsOf(1) };

  await echo.apply(argsOf(1), { taskId: ID, ignoreResult: true }).published;
  await publish(publisher, queueAddress(queue), encodeCall(call));
  deepStrictEqual(await take(channel, queue), await take(channel, queue), 'calls without a reply differ');

  const waiting = echo.apply(argsOf(1), { taskId: ID });
  await waiting.published;
  waiting.forget();
  const ours = await take(channel, queue);
  await publish(publisher, queueAddress(queue), encodeCall({ ...call, replyTo: ours.properties.replyTo }));
  deepStrictEqual(await take(channel, queue), ours, 'calls that want a reply differ');

  const { queue: replyTo } = await channel.assertQueue('', { exclusive: true });
  const rawWorker = await consumeTasks(broker, job, new Map([[TASK, (n) => n]]), ackEach);
  await publish(publisher, queueAddress(queue), encodeCall({ ...call, replyTo }));
  const rawReply = await take(channel, replyTo);
  await rawWorker.stop();
  const worker = createWorker(app, { pool: 'async', concurrency: 1 });
  await worker.start();
  await publish(publisher, queueAddress(queue), encodeCall({ ...call, replyTo }));
  deepStrictEqual(await take(channel, replyTo), rawReply, 'replies differ');

  await worker.stop();
  await app.close();
  for (const name of [queue, `${queue}.dead`, ours.properties.replyTo]) await channel.deleteQueue(name);
  await channel.deleteExchange(`${job.prefix}tq.dead`);
  await broker.close();
}

/**
 * The next message of a queue: what of it is the sender's.
 * @param {Channel} channel
 * @param {string} queue
 * @returns {Promise<{ properties: Message['properties'], body: string }>}
 */
async function take(channel, queue) {
  for (;;) {
    /** @type {GetMessage | false} */
    const message = await channel.get(queue, { noAck: true });
    if (message) return { properties: message.properties, body: message.content.toString() };
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
