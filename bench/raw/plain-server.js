// @ts-check
/** Answers plain questions until the harness stops it: each answer is confirmed before its question is acked. */
import { readJob, serve } from '../job.js';
import { connectBoth } from './broker.js';
import { openPublisher, publish, queueAddress } from './publisher.js';

/** @import { ConsumeMessage } from 'amqplib' */

const job = readJob();
const queue = job.prefix + job.queue;
const broker = await connectBoth(job.url);
const publisher = await openPublisher(broker.publishing);
const channel = await broker.consuming.createChannel();
await channel.prefetch(job.slots ?? 1);
await channel.consume(queue, (message) => {
  if (message === null) throw new Error(`the queue ${queue} was deleted`);
  answer(message);
});
serve(() => broker.close());

/** @param {ConsumeMessage} message */
async function answer(message) {
  const [n] = JSON.parse(message.content.toString());
  const { correlationId, replyTo } = message.properties;
  const options = {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    deliveryMode: 2,
    mandatory: true,
    correlationId,
  };
  await publish(publisher, queueAddress(replyTo), { body: Buffer.from(JSON.stringify(n)), options });
  channel.ack(message);
}
