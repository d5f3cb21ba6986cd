// @ts-check
/** A worker by hand: consumes a task queue, runs the handlers, publishes replies, and acks after their confirm. */
import { declareTaskQueue } from './broker.js';
import { encodeReply } from './message.js';
import { openPublisher, publish, queueAddress } from './publisher.js';

/** @import { Channel, ChannelModel, ConsumeMessage } from 'amqplib' */
/** @import { Job } from '../job.js' */
/** @import { Ack } from './acks.js' */

/** @typedef {(...args: any[]) => unknown} Handler */

/**
 * @param {{ publishing: ChannelModel, consuming: ChannelModel }} broker
 * @param {Pick<Job, 'prefix' | 'queue' | 'queueType' | 'slots'>} job
 * @param {ReadonlyMap<string, Handler>} handlers
 * @param {(channel: Channel) => Ack} createAck
 * @returns {Promise<{ stop(): Promise<void> }>}
 */
export async function consumeTasks({ publishing, consuming }, job, handlers, createAck) {
  const queue = job.prefix + job.queue;
  const publisher = await openPublisher(publishing);
  const channel = await consuming.createChannel();
  await declareTaskQueue(channel, job.prefix, queue, job.queueType);
  await channel.prefetch(job.slots ?? 1);
  const ack = createAck(channel);

  /** @param {ConsumeMessage} message */
  async function run(message) {
    const { headers, correlationId, replyTo } = message.properties;
    const handler = handlers.get(headers?.task);
    if (handler === undefined) throw new Error(`no handler for ${headers?.task}`);
    const [args] = JSON.parse(message.content.toString());
    const result = await handler(...args);
    if (replyTo !== undefined) await publish(publisher, queueAddress(replyTo), encodeReply(correlationId, result));
    ack(message);
  }

  const { consumerTag } = await channel.consume(queue, (message) => {
    if (message === null) throw new Error(`the queue ${queue} was deleted`);
    run(message);
  });
  return {
    async stop() {
      await channel.cancel(consumerTag);
      // A turn later the last acks are out, even those that are sent once a turn.
      await new Promise((resolve) => setImmediate(resolve));
      await channel.close();
    },
  };
}
