// @ts-check
/** The queues of the measurements: declared and filled before, looked at and deleted after. */
import { randomUUID } from 'node:crypto';
import { connectRaw, declareTaskQueue } from './raw/broker.js';
import { encodeCall } from './raw/message.js';
import { openPublisher, publishMany, queueAddress } from './raw/publisher.js';
import { argsOf, TASK } from './task.js';

/** What an app of tq declares for delays with its default unit, without the prefix. */
const DELAY_QUEUES = [...Array.from({ length: 28 }, (_, level) => `tq.delay.v1.100.${level}`), 'tq.delay.dead'];
const DELAY_ENTRIES = Array.from({ length: 28 }, (_, level) => `tq.delay.v1.100.enter.${level}`);
/** What it declares for events, broadcasts and questions for workflows. */
const OTHER_EXCHANGES = ['tq.events.headers', 'tq.events', 'tq.broadcast.all', 'tq.workflows'];
const DELAY_EXCHANGES = [
  'tq.delay.v1.100.end',
  'tq.delay.v1.deliver',
  'tq.delay.lost',
  ...DELAY_ENTRIES,
  ...DELAY_QUEUES,
];

/** Keys as they are in use, and patterns of which one fits: what a topic exchange has to compare. */
const ROUTING_KEY = 'bench.order.paid';
const PATTERNS = ['bench.*.paid', 'bench.stock.#', '*.*.shipped'];

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
     * Binds a task queue to a topic exchange of its own.
     * @param {string} prefix
     * @param {string} queue without the prefix
     * @returns {Promise<{ exchange: string, routingKey: string }>} what brings a message there, without the prefix
     */
    async route(prefix, queue) {
      const exchange = `${queue}.topic`;
      await channel.assertExchange(prefix + exchange, 'topic', { durable: true });
      for (const pattern of PATTERNS) await channel.bindQueue(prefix + queue, prefix + exchange, pattern);
      return { exchange, routingKey: ROUTING_KEY };
    },
    /**
     * Puts calls into a queue that want no reply.
     * @param {string} name
     * @param {number} count
     */
    fill: (name, count) =>
      publishMany(publisher, queueAddress(name), count, (n) =>
        encodeCall({ id: randomUUID(), task: TASK, args: argsOf(n) }),
      ),
    /**
     * Deletes a task queue and what belongs to it, delays included.
     * @param {string} prefix
     * @param {string} name
     * @returns {Promise<number>} how many messages were in it, or waited to come to it
     */
    async delete(prefix, name) {
      let { messageCount } = await channel.deleteQueue(name);
      await channel.deleteQueue(`${name}.dead`);
      await channel.deleteExchange(`${name}.topic`);
      await channel.deleteExchange(`${prefix}tq.dead`);
      for (const queue of DELAY_QUEUES) messageCount += (await channel.deleteQueue(prefix + queue)).messageCount;
      for (const exchange of [...DELAY_EXCHANGES, ...OTHER_EXCHANGES]) await channel.deleteExchange(prefix + exchange);
      return messageCount;
    },
    close: () => connection.close(),
  };
}
