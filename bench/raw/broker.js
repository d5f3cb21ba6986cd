// @ts-check
/**
 * The hand-written side: what a program would say to RabbitMQ through amqplib alone to get tq's guarantees. Two
 * connections, since a broker that blocks its publishers must still take acks.
 */
import { connect } from 'amqplib';

/** @import { Channel } from 'amqplib' */

/** @param {string} url */
export function connectRaw(url) {
  return connect(url, { noDelay: true, keepAlive: true, timeout: 10_000 });
}

/** @param {string} url */
export async function connectBoth(url) {
  const [publishing, consuming] = await Promise.all([connectRaw(url), connectRaw(url)]);
  return {
    publishing,
    consuming,
    async close() {
      await Promise.all([publishing.close(), consuming.close()]);
    },
  };
}

/**
 * Declares a task queue with its dead-letter exchange and queue.
 * @param {Channel} channel
 * @param {string} prefix
 * @param {string} queue full name
 * @param {'classic' | 'quorum'} type
 */
export async function declareTaskQueue(channel, prefix, queue, type) {
  const exchange = `${prefix}tq.dead`;
  const quorum = type === 'quorum';
  await channel.assertExchange(exchange, 'direct', { durable: true });
  await channel.assertQueue(`${queue}.dead`, {
    durable: true,
    arguments: {
      'x-queue-type': type,
      'x-message-ttl': 7 * 24 * 60 * 60 * 1_000,
      'x-max-length': 100_000,
      'x-overflow': 'drop-head',
      ...(quorum && { 'x-delivery-limit': 2_147_483_647 }),
    },
  });
  await channel.assertQueue(queue, {
    durable: true,
    arguments: {
      'x-queue-type': type,
      'x-dead-letter-exchange': exchange,
      'x-dead-letter-routing-key': queue,
      ...(quorum && {
        'x-dead-letter-strategy': 'at-least-once',
        'x-overflow': 'reject-publish',
        'x-delivery-limit': 30,
      }),
    },
  });
  await channel.bindQueue(`${queue}.dead`, exchange, queue);
}

/**
 * Declares a client's reply queue.
 * @param {Channel} channel
 * @param {string} queue
 */
export async function declareReplyQueue(channel, queue) {
  const args = { 'x-queue-type': 'classic', 'x-expires': 60 * 60 * 1_000 };
  await channel.assertQueue(queue, { durable: true, arguments: args });
}
