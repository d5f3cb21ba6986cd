import { encodableHeader } from './encodable-headers.js';
import { type Headers, type HeaderValue, type InboundMessage, type OutboundMessage, PERSISTENT } from './message.js';
import { isBrokerHeader, isPrototypeKey } from './names.js';

/**
 * The same task again: what came in, with `changes` to its headers. Left out is what only held for the first publish:
 * the broker's own headers (a copied `x-death` can make RabbitMQ drop the copy as a cycle), CC and BCC, which would
 * send it to their queues once more, and `user_id`, which must be the publishing user's or the channel is closed.
 */
export function copyMessage(message: InboundMessage, changes: Headers): OutboundMessage {
  const headers: Record<string, HeaderValue> = {};
  for (const [name, value] of Object.entries(message.properties.headers ?? {})) {
    if (!isBrokerHeader(name) && !isPrototypeKey(name)) headers[name] = encodableHeader(value);
  }
  const properties = { ...message.properties, headers: { ...headers, ...changes }, deliveryMode: PERSISTENT };
  return { properties: { ...properties, userId: undefined }, body: message.body };
}

/**
 * The same for a copy that waits in the broker: without `expiration`, by which it would leave the delays early and be
 * dropped; when it is too late, says the header `expires`.
 */
export function copyToDelay(message: InboundMessage, changes: Headers): OutboundMessage {
  const { properties, body } = copyMessage(message, changes);
  return { properties: { ...properties, expiration: undefined }, body };
}
