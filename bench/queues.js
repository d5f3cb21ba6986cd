// @ts-check
/** The queues of the measurements: declared and filled before, looked at and deleted after. */
import { randomUUID } from 'node:crypto';
import { connectRaw, declareTaskQueue } from './raw/broker.js';
import { encodeCall } from './raw/message.js';
import { openPublisher, publishMany } from './raw/publisher.js';
import { argsOf, TASK } from './task.js';

/** What an app of tq declares for delays with its default unit, without the prefix. */
const DELAY_QUEUES = [...Array.from({ length: 28 }, (_, level) => `tq.delay.v1.100.${level}`), 'tq.delay.dead'];
const DELAY_ENTRIES = Array.from({ length: 28 }, (_, level) => `tq.delay.v1.100.enter.${level}`);
const DELAY_EXCHANGES = [
  'tq.delay.v1.100.end',
  'tq.delay.v1.deliver',
  'tq.delay.lost',
  ...DELAY_ENTRIES,
  ...DELAY_QUEUES,
];

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
     * Deletes a task queue and what belongs to it, delays included.
     * @param {string} prefix
     * @param {string} name
     * @returns {Promise<number>} how many messages were in it, or waited to come to it
     */
    async delete(prefix, name) {
      let { messageCount } = await channel.deleteQueue(name);
      await channel.deleteQueue(`${name}.dead`);
      await channel.deleteExchange(`${prefix}tq.dead`);
      for (const queue of DELAY_QUEUES) messageCount += (await channel.deleteQueue(prefix + queue)).messageCount;
      for (const exchange of DELAY_EXCHANGES) await channel.deleteExchange(prefix + exchange);
      return messageCount;
    },
    close: () => connection.close(),
  };
}
