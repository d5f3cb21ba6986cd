import type { Route } from '../broker/delay-ladder.js';
import { TqError } from '../errors.js';
import { requireOneOf } from '../options-check.js';
import { FOREIGN_CONTENT_TYPE, FOREIGN_FORMATS, type ForeignFormat } from '../protocol/foreign-body.js';
import { type Headers, PERSISTENT, type Properties } from '../protocol/message.js';
import { MAX_NAME_BYTES } from '../protocol/names.js';

/** What a plain message may say of itself (AMQP 0-9-1, class basic), and where it goes. */
export interface PlainMessageOptions {
  /** Headers of the message. Default: none. */
  readonly headers?: Headers | undefined;
  /** AMQP's `app_id`: with some programs the name of the function. Default: none. */
  readonly appId?: string | undefined;
  /** AMQP's `type`. Default: none. */
  readonly type?: string | undefined;
  /** Default: that of the format, `application/json`, `text/plain` or `application/octet-stream`. */
  readonly contentType?: string | undefined;
  /** Publish to this exchange instead of to the queue; without the app's prefix, but for `amq.…`. Default: none. */
  readonly exchange?: string | undefined;
  /** With `exchange` only. Default: empty. */
  readonly routingKey?: string | undefined;
}

/** Names of these options. */
export const MESSAGE_KEYS = ['headers', 'appId', 'type', 'contentType', 'exchange', 'routingKey'] as const;

/**
 * AMQP properties of a plain message.
 * @throws {TqError} `invalid-option`
 */
export function plainProperties(
  options: PlainMessageOptions,
  { format, where }: { readonly format: ForeignFormat; readonly where: string },
): Properties {
  const { headers, appId, type, contentType = FOREIGN_CONTENT_TYPE[format] } = options;
  requireShortText(appId, `${where}: appId`);
  requireShortText(type, `${where}: type`);
  requireShortText(contentType, `${where}: contentType`);
  for (const name in headers) {
    if (!name.startsWith('tq-')) continue;
    throw new TqError('invalid-option', `${where}: headers: '${name}' belongs to the protocol; choose another name.`);
  }
  return { contentType, headers, appId, type, deliveryMode: PERSISTENT };
}

/**
 * Where a plain message goes.
 * @param queue full name
 * @throws {TqError} `invalid-option`
 */
export function plainRoute(
  { exchange, routingKey }: PlainMessageOptions,
  { queue, prefix, where }: { readonly queue: string; readonly prefix: string; readonly where: string },
): Route {
  requireShortText(exchange, `${where}: exchange`);
  requireShortText(routingKey, `${where}: routingKey`);
  if (exchange !== undefined) {
    // RabbitMQ's own exchanges are the same for every environment of a vhost.
    const name = exchange.startsWith('amq.') ? exchange : prefix + exchange;
    requireShortText(name, `${where}: exchange with its prefix`);
    return { exchange: name, routingKey: routingKey ?? '' };
  }
  if (routingKey === undefined) return { exchange: '', routingKey: queue };
  throw new TqError('invalid-option', `${where}: expected an exchange beside routingKey, found none; name both.`);
}

/** @throws {TqError} `invalid-option` */
export function requireFormat(format: ForeignFormat | undefined, where: string): ForeignFormat {
  return format === undefined ? 'json' : requireOneOf(format, `${where}: format`, FOREIGN_FORMATS);
}

/**
 * A queue's name on the broker.
 * @throws {TqError} `invalid-option`
 */
export function requirePlainQueue(queue: unknown, prefix: string, where: string): string {
  if (typeof queue === 'string' && queue !== '') {
    requireShortText(prefix + queue, `${where}: queue with its prefix`);
    return prefix + queue;
  }
  const found = queue === '' ? 'an empty one' : typeof queue;
  throw new TqError('invalid-option', `${where}: expected the name of a queue, found ${found}.`);
}

/**
 * Bounds of what AMQP carries as a short string.
 * @throws {TqError} `invalid-option`
 */
export function requireShortText(value: unknown, what: string): void {
  if (value === undefined) return;
  const bytes = typeof value === 'string' ? Buffer.byteLength(value) : 0;
  if (typeof value === 'string' && bytes <= MAX_NAME_BYTES) return;
  const found = typeof value === 'string' ? `${bytes} bytes` : typeof value;
  throw new TqError('invalid-option', `${what}: expected text of at most ${MAX_NAME_BYTES} bytes, found ${found}.`);
}
