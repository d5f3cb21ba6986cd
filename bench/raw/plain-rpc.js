// @ts-check
/** Asks a program that knows no tasks and waits for its answers, one after the other or many at a time. */
import { randomUUID } from 'node:crypto';
import { readJob } from '../job.js';
import { measureCalls } from '../measure-calls.js';
import { argsOf } from '../task.js';
import { connectBoth, declareReplyQueue } from './broker.js';
import { openPublisher, windowed } from './publisher.js';

const REPLY_PREFETCH = 1_000;

const job = readJob();
const queue = job.prefix + job.queue;
const broker = await connectBoth(job.url);
const publish = windowed(await openPublisher(broker.publishing));
const replyTo = `${job.prefix}tq.reply.${randomUUID()}`;
/** @type {Map<string, (answer: unknown) => void>} */
const waiters = new Map();
const channel = await broker.consuming.createChannel();
await declareReplyQueue(channel, replyTo);
await channel.prefetch(REPLY_PREFETCH);
const { consumerTag } = await channel.consume(
  replyTo,
  (message) => {
    if (message === null) throw new Error(`the queue ${replyTo} was deleted`);
    channel.ack(message);
    const { correlationId } = message.properties;
    waiters.get(correlationId)?.(JSON.parse(message.content.toString()));
    waiters.delete(correlationId);
  },
  { exclusive: true },
);
await measureCalls(job, ask);
await channel.cancel(consumerTag);
await channel.deleteQueue(replyTo);
await broker.close();

/**
 * @param {number} n
 * @returns {Promise<unknown>}
 */
function ask(n) {
  return new Promise((resolve, reject) => {
    const correlationId = randomUUID();
    waiters.set(correlationId, resolve);
    const body = Buffer.from(JSON.stringify(argsOf(n)));
    const options = { contentType: 'application/json', deliveryMode: 2, mandatory: true, correlationId, replyTo };
    publish(queue, { body, options }, reject);
  });
}
