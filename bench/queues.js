// @ts-check
/** The queues of the measurements: declared and filled before, looked at and deleted after. */
import { randomUUID } from 'node:crypto';
import { connectRaw, declareTaskQueue } from './raw/broker.js';
import { encodeCall } from './raw/message.js';
import { openPublisher, publishMany } from './raw/publisher.js';
import { argsOf, TASK } from './task.js';

/** @typedef {Awaited<ReturnType<typeof openQueues>>} Queues */

/**
 * Opens the harness's own connection.
 * @param {string} url
 */
export async function openQueues(url) {
  const connection = await connectRaw(url);
  const publisher = await openPublisher(connection);
  const channel = await connection.createChannel();
  /** @type {{ version?: string }} */
  const { version = 'unknown' } = connection.connection.serverProperties;
  return {
    /** RabbitMQ's version, as the server says it. */
    version,
    /**
     * @param {string} prefix
     * @param {string} name full name
     * @param {'classic' | 'quorum'} type
     */
    declare: (prefix, name, type) => declareTaskQueue(channel, prefix, name, type),
    /**
     * Puts calls into a queue that want no reply.
     * @param {string} name
     * @param {number} count
     */
    fill: (name, count) =>
      publishMany(publisher, name, count, (n) => encodeCall({ id: randomUUID(), task: TASK, args: argsOf(n) })),
    /**
     * Deletes a task queue and what belongs to it.
     * @param {string} prefix
     * @param {string} name
     * @returns {Promise<number>} how many messages were in it
     */
    async delete(prefix, name) {
      const { messageCount } = await channel.deleteQueue(name);
      await channel.deleteQueue(`${name}.dead`);
      await channel.deleteExchange(`${prefix}tq.dead`);
      return messageCount;
    },
    close: () => connection.close(),
  };
}
