// @ts-check
/** Publishes mandatory messages on a confirm channel; a return or a nack ends the program, for neither may happen here. */

/** @import { ChannelModel, ConfirmChannel, Options } from 'amqplib' */
/** @import { Job } from '../job.js' */

/** Unconfirmed messages at most, as tq's own window. */
export const WINDOW = 1_000;

/** @typedef {{ readonly exchange: string, readonly routingKey: string }} Address */

/**
 * @param {string} queue
 * @returns {Address}
 */
export const queueAddress = (queue) => ({ exchange: '', routingKey: queue });

/**
 * Where a job's calls go: to its exchange where it has one, else to its queue.
 * @param {Job} job
 * @returns {Address}
 */
export function addressOf({ prefix, queue, exchange, routingKey = '' }) {
  return exchange === undefined ? queueAddress(prefix + queue) : { exchange: prefix + exchange, routingKey };
}

/**
 * @param {ChannelModel} connection
 * @returns {Promise<ConfirmChannel>}
 */
export async function openPublisher(connection) {
  const channel = await connection.createConfirmChannel();
  channel.on('return', (message) => {
    throw new Error(`no queue for ${message.fields.routingKey}`);
  });
  return channel;
}

/**
 * Resolves with the confirm.
 * @param {ConfirmChannel} channel
 * @param {Address} address
 * @param {{ body: Buffer, options: Options.Publish }} message
 * @returns {Promise<void>}
 */
export function publish(channel, { exchange, routingKey }, { body, options }) {
  return new Promise((resolve, reject) => {
    channel.publish(exchange, routingKey, body, options, (error) => (error === null ? resolve() : reject(error)));
  });
}

/**
 * Publishes `count` messages with as many unconfirmed as the window takes. Resolves with the last confirm.
 * @param {ConfirmChannel} channel
 * @param {Address} address
 * @param {number} count
 * @param {(n: number) => { body: Buffer, options: Options.Publish }} encode
 * @returns {Promise<void>}
 */
export function publishMany(channel, { exchange, routingKey }, count, encode) {
  return inWindow(count, (n, onConfirm) => {
    const { body, options } = encode(n);
    channel.publish(exchange, routingKey, body, options, onConfirm);
  });
}

/**
 * Sends `count` messages with as many unconfirmed as the window takes. Resolves with the last confirm.
 * @param {number} count
 * @param {(n: number, onConfirm: (error: Error | null) => void) => void} send publishes the nth message
 * @returns {Promise<void>}
 */
export function inWindow(count, send) {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let confirmed = 0;
    /** @param {Error | null} error */
    const onConfirm = (error) => {
      if (error !== null) reject(error);
      else if (++confirmed === count) resolve();
      else fill();
    };
    const fill = () => {
      while (sent < count && sent - confirmed < WINDOW) send(sent++, onConfirm);
    };
    fill();
  });
}

/**
 * Publishes as they come, with no more unconfirmed than the window takes; the rest waits its turn.
 * @param {ConfirmChannel} channel
 * @returns {(queue: string, message: { body: Buffer, options: Options.Publish }, onFailed: (error: Error) => void) => void}
 */
export function windowed(channel) {
  /** @type {(() => void)[]} */
  const waiting = [];
  let unconfirmed = 0;
  return (queue, { body, options }, onFailed) => {
    const write = () => {
      unconfirmed++;
      channel.publish('', queue, body, options, (error) => {
        unconfirmed--;
        if (error !== null) onFailed(error);
        waiting.shift()?.();
      });
    };
    if (unconfirmed < WINDOW) write();
    else waiting.push(write);
  };
}
