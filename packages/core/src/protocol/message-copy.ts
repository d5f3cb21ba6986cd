import { encodableHeader } from './encodable-headers.js';
import type { EncodedError } from './error-codec.js';
import { type Headers, type HeaderValue, type InboundMessage, type OutboundMessage, PERSISTENT } from './message.js';
import { DEAD_HEADER, type DeadLetterReason, isBrokerHeader, isPrototypeKey } from './names.js';

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

/** Why and where a message died. */
export interface DeathCertificate {
  readonly reason: DeadLetterReason;
  readonly failure: EncodedError;
  /** Name of the worker that gave up. */
  readonly worker: string;
  /** ms since the epoch. */
  readonly time: number;
}

/** A dead letter: the message as it came, with headers that say why; it keeps no `expiration`, which would drop it. */
export function encodeDeadLetter(message: InboundMessage, death: DeathCertificate): OutboundMessage {
  const copy = copyMessage(message, deathHeaders(message, death));
  return { properties: { ...copy.properties, expiration: undefined }, body: copy.body };
}

/** A dead letter of a message whose own headers cannot be written again: body and certificate only. */
export function encodeBareDeadLetter(message: InboundMessage, death: DeathCertificate): OutboundMessage {
  const { correlationId, contentType } = message.properties;
  const properties = { headers: deathHeaders(message, death), deliveryMode: PERSISTENT, correlationId, contentType };
  return { properties, body: message.body };
}

function deathHeaders(message: InboundMessage, { reason, failure, worker, time }: DeathCertificate): Headers {
  const { exc_type: name, exc_message: parts } = failure.error;
  const text = Array.isArray(parts) ? parts.map(String).join(', ') : String(parts);
  return {
    [DEAD_HEADER.reason]: reason,
    [DEAD_HEADER.error]: `${name}: ${text}`.slice(0, MAX_ERROR_TEXT),
    [DEAD_HEADER.worker]: worker,
    [DEAD_HEADER.time]: new Date(time).toISOString(),
    [DEAD_HEADER.exchange]: message.exchange,
    [DEAD_HEADER.routingKey]: message.routingKey,
  };
}

/** A header table of more than 64 KiB cannot be encoded. */
const MAX_ERROR_TEXT = 2_000;
