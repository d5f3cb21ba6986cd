// @ts-check
/** Takes each event once for each of many subscribers, and publishes them itself. */
import { randomUUID } from 'node:crypto';
import { EVENT, fanOut, PATTERN, PREFETCH, SUBSCRIBERS } from '../fan-out.js';
import { readJob } from '../job.js';
import { argsOf } from '../task.js';
import { ackEach } from './acks.js';
import { connectBoth } from './broker.js';
import { openPublisher } from './publisher.js';

const job = readJob();
const exchange = `${job.prefix}tq.events`;
const broker = await connectBoth(job.url);
const publisher = await openPublisher(broker.publishing);
const { taken, start } = fanOut(job, publish);

for (let subscriber = 0; subscriber < SUBSCRIBERS; subscriber++) {
  const channel = await broker.consuming.createChannel();
  await channel.assertExchange(exchange, 'topic', { durable: true });
  const { queue } = await channel.assertQueue('', { exclusive: true, durable: false });
  await channel.bindQueue(queue, exchange, PATTERN);
  await channel.prefetch(PREFETCH);
  const ack = ackEach(channel);
  await channel.consume(queue, (message) => {
    if (message === null) throw new Error(`the queue ${queue} was deleted`);
    JSON.parse(message.content.toString());
    taken();
    ack(message);
  });
}
await start();
await broker.close();

/**
 * @param {number} n
 * @returns {Promise<void>}
 */
function publish(n) {
  const body = Buffer.from(JSON.stringify(argsOf(n)));
  const options = {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    deliveryMode: 2,
    messageId: randomUUID(),
    timestamp: Math.floor(Date.now() / 1_000),
    type: EVENT,
  };
  return new Promise((resolve, reject) => {
    publisher.publish(exchange, EVENT, body, options, (error) => (error === null ? resolve() : reject(error)));
  });
}
