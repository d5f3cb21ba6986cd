/** Values that an AMQP field table carries here (AMQP 0-9-1 section 4.2.5.5, RabbitMQ's types). */
export type HeaderValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly HeaderValue[]
  | { readonly [key: string]: HeaderValue };

/** A header table. */
export type Headers = Readonly<Record<string, HeaderValue>>;

/** AMQP basic properties that tq writes and reads (AMQP 0-9-1, class basic). */
export interface Properties {
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly headers?: Headers | undefined;
  readonly deliveryMode?: number | undefined;
  readonly priority?: number | undefined;
  readonly correlationId?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly expiration?: string | undefined;
  readonly messageId?: string | undefined;
  readonly timestamp?: number | undefined;
  readonly type?: string | undefined;
  readonly userId?: string | undefined;
  readonly appId?: string | undefined;
}

/** A message as it goes out: properties and an encoded body. */
export interface OutboundMessage {
  readonly properties: Properties;
  readonly body: Buffer;
}

/** A message as it came in, before anyone has looked at it. */
export interface InboundMessage {
  readonly properties: Properties;
  readonly body: Buffer;
  /** Exchange and routing key that it was published with. */
  readonly exchange: string;
  readonly routingKey: string;
  /** True when an earlier delivery of it was not acknowledged. */
  readonly redelivered: boolean;
}

export const JSON_CONTENT_TYPE = 'application/json';
export const UTF8 = 'utf-8';
/** Delivery mode of a message that survives a broker restart. */
export const PERSISTENT = 2;
/** Delivery mode of a message that need not. */
export const TRANSIENT = 1;

/** The same message for a queue that does not survive a broker restart itself. */
export function asTransient({ properties, body }: OutboundMessage): OutboundMessage {
  return { properties: { ...properties, deliveryMode: TRANSIENT }, body };
}
