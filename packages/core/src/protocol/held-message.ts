import type { InboundMessage, OutboundMessage } from './message.js';
import { HELD_EXPIRATION } from './names.js';
import { encodeAgain } from './replay.js';

/**
 * A message on its way to where it waits until its queue is declared anew: all that it was, but that its time to live
 * stands still, since it would be dropped there.
 */
export function encodeHeld(message: InboundMessage): OutboundMessage {
  const { properties, body } = encodeAgain(message);
  const { expiration, ...rest } = properties;
  if (expiration === undefined) return { properties, body };
  return { properties: { ...rest, headers: { ...rest.headers, [HELD_EXPIRATION]: expiration } }, body };
}

/** The message as it was; its time to live begins anew. */
export function encodeReleased(message: InboundMessage): OutboundMessage {
  const { properties, body } = encodeAgain(message);
  const { [HELD_EXPIRATION]: expiration, ...headers } = properties.headers ?? {};
  if (typeof expiration !== 'string') return { properties, body };
  return { properties: { ...properties, headers, expiration }, body };
}
