/** Messages for tests, without a wire. */
import { EMPTY_TABLE, type FieldTable } from '../../src/field-value.js';
import type { Content, Message } from '../../src/model/message.js';
import { NO_KEYS } from '../../src/model/routing-keys.js';

/** Property flags without any, as they are on the wire. */
const NO_PROPERTIES = Buffer.alloc(2);

/** What a test may want of a message. */
export interface MessageOptions {
  readonly persistent?: boolean;
  readonly priority?: number;
  readonly expiration?: string | undefined;
  readonly headers?: FieldTable;
  readonly exchange?: string;
  readonly routingKey?: string;
}

/** A message with this body. */
export function messageOf(body: string, options: MessageOptions = {}): Message {
  const { exchange = '', routingKey = 'q' } = options;
  return { exchange, routingKey, blindKeys: NO_KEYS, content: contentOf(body, options) };
}

/** The body of a message. */
export function bodyOf({ content: { bytes, bodyOffset } }: Message): string {
  return bytes.toString('utf8', bodyOffset);
}

function contentOf(body: string, options: MessageOptions): Content {
  const { persistent = false, priority = 0, expiration, headers = EMPTY_TABLE } = options;
  return {
    bytes: Buffer.concat([NO_PROPERTIES, Buffer.from(body)]),
    bodyOffset: NO_PROPERTIES.length,
    persistent,
    priority,
    expiration,
    headers: () => headers,
    with: (changes) =>
      contentOf(body, {
        persistent,
        priority,
        expiration: 'expiration' in changes ? undefined : expiration,
        headers: changes.headers ?? headers,
      }),
  };
}
