// @ts-check
/** Calls by hand: a reply queue of the client's own, and a waiter for each call, registered before its publish. */
import { randomUUID } from 'node:crypto';
import { declareReplyQueue } from './broker.js';
import { encodeCall } from './message.js';
import { openPublisher, windowed } from './publisher.js';

/** @import { ChannelModel } from 'amqplib' */

const REPLY_PREFETCH = 1_000;

/**
 * @param {{ publishing: ChannelModel, consuming: ChannelModel }} broker
 * @param {string} prefix
 * @returns {Promise<{ call(queue: string, task: string, args: readonly unknown[]): Promise<unknown>, close(): Promise<void> }>}
 *   `call` resolves with the result
 */
export async function createCaller({ publishing, consuming }, prefix) {
  const replyTo = `${prefix}tq.reply.${randomUUID()}`;
  /** @type {Map<string, (result: unknown) => void>} */
  const waiters = new Map();
  const publish = windowed(await openPublisher(publishing));
  const channel = await consuming.createChannel();
  await declareReplyQueue(channel, replyTo);
  await channel.prefetch(REPLY_PREFETCH);
  const { consumerTag } = await channel.consume(
    replyTo,
    (message) => {
      if (message === null) throw new Error(`the queue ${replyTo} was deleted`);
      channel.ack(message);
      const { task_id: id, status, result } = JSON.parse(message.content.toString());
      if (status !== 'SUCCESS') throw new Error(`task ${id} ended as ${status}`);
      waiters.get(id)?.(result);
      waiters.delete(id);
    },
    { exclusive: true },
  );
  return {
    call(queue, task, args) {
      return new Promise((resolve, reject) => {
        const id = randomUUID();
        waiters.set(id, resolve);
        publish(queue, encodeCall({ id, task, args, replyTo }), reject);
      });
    },
    async close() {
      await channel.cancel(consumerTag);
      await channel.deleteQueue(replyTo);
    },
  };
}
