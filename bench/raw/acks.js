// @ts-check
/** Two ways to ack by hand: at once and one by one, or once a turn for all that have no gap before them. */

/** @import { Channel, ConsumeMessage } from 'amqplib' */

/** @typedef {(message: ConsumeMessage) => void} Ack */

/**
 * @param {Channel} channel
 * @returns {Ack}
 */
export const ackEach = (channel) => (message) => channel.ack(message);

/**
 * @param {Channel} channel
 * @returns {Ack}
 */
export function ackOnceATurn(channel) {
  const done = new Set();
  /** The tag up to which everything is done. */
  let upTo = 0;
  /** The tag up to which everything is acked. */
  let acked = 0;
  let scheduled = false;
  const flush = () => {
    scheduled = false;
    if (upTo === acked) return;
    acked = upTo;
    channel.ack(/** @type {ConsumeMessage} */ ({ fields: { deliveryTag: upTo } }), true);
  };
  return ({ fields: { deliveryTag } }) => {
    done.add(deliveryTag);
    while (done.delete(upTo + 1)) upTo++;
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  };
}
