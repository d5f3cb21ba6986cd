// @ts-check
/** Many addresses for the same messages: queues, or bindings of one exchange. Where a message goes, and what takes it there. */

/** @typedef {'queue' | 'direct' | 'topic' | 'headers'} Routing to queues by their names, or through an exchange of a type */

/**
 * The address of a message.
 * @param {Routing} routing
 * @param {string} prefix
 * @param {number} index of the queue or the binding
 * @returns {{ exchange: string, routingKey: string, headers: Readonly<Record<string, unknown>> }} `headers` besides the message's own
 */
export function addressOf(routing, prefix, index) {
  const exchange = exchangeName(prefix);
  switch (routing) {
    case 'queue':
      return { exchange: '', routingKey: queueName(prefix, index), headers: {} };
    case 'direct':
      return { exchange, routingKey: `job.${index}`, headers: {} };
    case 'topic':
      return { exchange, routingKey: `job.${index}.done`, headers: {} };
    case 'headers':
      return { exchange, routingKey: '', headers: { kind: 'job', number: index } };
    default:
      throw new Error(`expected a routing, found ${routing}`);
  }
}

/**
 * The binding that such an address fits.
 * @param {Exclude<Routing, 'queue'>} routing
 * @param {number} index
 * @returns {{ pattern: string, args: Readonly<Record<string, unknown>> }}
 */
export function bindingOf(routing, index) {
  switch (routing) {
    case 'direct':
      return { pattern: `job.${index}`, args: {} };
    case 'topic':
      return { pattern: `job.${index}.*`, args: {} };
    case 'headers':
      return { pattern: '', args: { 'x-match': 'all', kind: 'job', number: index } };
    default:
      throw new Error(`expected a type of exchange, found ${routing}`);
  }
}

/** @param {string} prefix */
export const exchangeName = (prefix) => `${prefix}exchange`;

/**
 * @param {string} prefix
 * @param {number} index
 */
export const queueName = (prefix, index) => `${prefix}queue.${index}`;
