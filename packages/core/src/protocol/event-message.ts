import { type Headers, JSON_CONTENT_TYPE, type OutboundMessage, PERSISTENT, UTF8 } from './message.js';
import { serialize } from './serializer.js';

/** An event as it is published. */
export interface EventMessage {
  /** The event's name. */
  readonly name: string;
  readonly id: string;
  readonly payload: unknown;
  readonly headers: Headers | undefined;
  /** It outlives the broker's restart in a durable queue. */
  readonly persistent: boolean;
  /** ms since the epoch. */
  readonly time: number;
}

/** Delivery mode of a message that a broker's restart drops. */
const TRANSIENT = 1;

/**
 * An event's message: its name as `type`, and the payload as plain JSON, which a program of any language reads.
 * @throws {TqError} `unserialisable`
 */
export function encodeEvent({ name, id, payload, headers, persistent, time }: EventMessage): OutboundMessage {
  return {
    properties: {
      contentType: JSON_CONTENT_TYPE,
      contentEncoding: UTF8,
      headers,
      deliveryMode: persistent ? PERSISTENT : TRANSIENT,
      messageId: id,
      timestamp: Math.floor(time / 1_000),
      type: name,
    },
    body: Buffer.from(serialize(payload, 'payload', PLAIN)),
  };
}

const PLAIN = { tqTypes: false, plain: true } as const;
