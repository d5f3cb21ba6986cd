import type { FieldTable } from '../field-value.js';

/**
 * The content of a message: its properties as they came on the wire and its body, in one buffer. The model only looks at
 * a few properties and asks for changed copies; what they look like in bytes is the wire's business.
 */
export interface Content {
  /** Property flags and property list (AMQP 0-9-1 section 4.2.6.1), then the body. */
  readonly bytes: Buffer;
  /** Where the body starts in `bytes`. */
  readonly bodyOffset: number;
  /** delivery-mode is 2. */
  readonly persistent: boolean;
  /** 0 to 255; 0 when not given. */
  readonly priority: number;
  /** The property as it came: milliseconds in decimal, or whatever the client wrote. */
  readonly expiration: string | undefined;
  /** Decoded anew at each call: callers that need it twice keep it. */
  headers(): FieldTable;
  /** A copy with other headers; `expiration: undefined` takes that property away, `replyTo` replaces that one. */
  with(changes: ContentChanges): Content;
}

/** Properties to be replaced; what is not named stays byte for byte. */
export interface ContentChanges {
  /** An empty table takes the property away. */
  readonly headers?: FieldTable;
  /** Only `undefined`: takes the property away. */
  readonly expiration?: undefined;
  readonly replyTo?: string;
}

/** A message as it was published; shared by all the queues that it went to. */
export interface Message {
  /** The exchange that it was published to; '' is the default exchange. */
  readonly exchange: string;
  readonly routingKey: string;
  /** Keys that it was sent to besides and that no receiver sees (header BCC); a dead letter still goes there. */
  readonly blindKeys: readonly string[];
  readonly content: Content;
}
