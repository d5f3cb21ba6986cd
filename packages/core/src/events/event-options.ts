import { TqError } from '../errors.js';
import { refuseUnknownKeys, requireInteger } from '../options-check.js';
import type { Headers } from '../protocol/message.js';
import { isBrokerHeader, isPrototypeKey, MAX_NAME_BYTES } from '../protocol/names.js';
import { isStandardSchema, type StandardSchema } from '../schema/standard-schema.js';

/** What all events of one name have in common. */
export interface EventOptions {
  /**
   * Exchange to publish to instead of tq's own, without the app's prefix; RabbitMQ's own (`amq.topic`) have none. One that
   * the app's `exchanges` do not have must exist.
   */
  readonly exchange?: string | undefined;
  /** Routing key, at most 255 bytes. Default: the event's name. */
  readonly routingKey?: string | undefined;
  /** An event that no queue takes fails with `unroutable`, instead of being for nobody. Default: false. */
  readonly mandatory?: boolean | undefined;
  /** Whether it outlives the broker's restart in a durable queue. Default: true. */
  readonly persistent?: boolean | undefined;
}

/** How one event is to be published; what is left out comes from the event, then from the app. */
export interface PublishOptions {
  /** Headers of the publisher's own, which subscribers may choose by, and read in their message. */
  readonly headers?: Headers | undefined;
  /** Routing key, at most 255 bytes. */
  readonly routingKey?: string | undefined;
  /** It fails with `unroutable` when no queue takes it. */
  readonly mandatory?: boolean | undefined;
  /** How long the broker's confirm may take, ms, from 1 on, after which it ends as `publish-timeout`. */
  readonly deadline?: number | undefined;
  /** Aborts the publish while it is not confirmed. */
  readonly signal?: AbortSignal | undefined;
}

/** All that may be said of an event where it is defined. */
export type EventDefinition = EventOptions & { readonly payload?: StandardSchema<unknown, unknown> | undefined };

const EVENT_KEYS = ['payload', 'exchange', 'routingKey', 'mandatory', 'persistent'] as const;
const PUBLISH_KEYS = ['headers', 'routingKey', 'mandatory', 'deadline', 'signal'] as const;

/**
 * Checks an event's name and options where it is defined.
 * @throws {TqError} `invalid-option` or `unknown-option`
 */
export function checkEvent(name: string, options: EventDefinition): EventDefinition {
  checkName(name);
  const where = `event '${name}'`;
  refuseUnknownKeys(options, EVENT_KEYS, where);
  const { payload, exchange, routingKey, mandatory, persistent } = options;
  checkPayload(payload, `${where}: payload`);
  if (exchange !== undefined) checkText(exchange, `${where}: exchange`, 1);
  if (routingKey !== undefined) checkText(routingKey, `${where}: routingKey`, 0);
  checkFlag(mandatory, `${where}: mandatory`);
  checkFlag(persistent, `${where}: persistent`);
  return options;
}

/** A name is the routing key, and patterns are compared with its words. */
function checkName(name: unknown): void {
  checkText(name, 'event name', 1);
  const wrong = (name as string).split('.').find((word) => word === '' || /[*#\s]/.test(word));
  if (wrong === undefined) return;
  throw new TqError(
    'invalid-option',
    `event name: expected words with dots between them, such as orders.created, without spaces, * and #, found '${String(name)}'.`,
  );
}

/**
 * Checks the options of one publish.
 * @throws {TqError} `invalid-option` or `unknown-option`
 */
export function checkPublish(options: PublishOptions): void {
  refuseUnknownKeys(options, PUBLISH_KEYS, 'publish');
  const { headers, routingKey, mandatory, deadline } = options;
  if (routingKey !== undefined) checkText(routingKey, 'publish: routingKey', 0);
  checkFlag(mandatory, 'publish: mandatory');
  if (deadline !== undefined) {
    requireInteger(deadline, 'publish: deadline (ms)', { min: 1, max: Number.MAX_SAFE_INTEGER });
  }
  if (headers !== undefined) checkHeaders(headers, 'publish: headers');
}

/**
 * Refuses headers that a message cannot have.
 * @throws {TqError} `invalid-option`
 */
export function checkHeaders(headers: Headers, where: string): void {
  if (typeof (headers as unknown) !== 'object' || headers === null || Array.isArray(headers)) {
    throw new TqError('invalid-option', `${where}: expected an object such as { region: 'eu' }, found another value.`);
  }
  for (const name in headers) {
    if (!name.startsWith('tq-') && !isBrokerHeader(name) && !isPrototypeKey(name)) continue;
    throw new TqError('invalid-option', `${where}: '${name}' belongs to the protocol; choose another name.`);
  }
}

/** @throws {TqError} `invalid-option` when it is no schema */
export function checkPayload(payload: unknown, where: string): void {
  if (payload === undefined || isStandardSchema(payload)) return;
  throw new TqError(
    'invalid-option',
    `${where}: expected a Standard Schema, found something else (${typeof payload}). Make it with zod, valibot, arktype or another library of https://standardschema.dev.`,
  );
}

/** @throws {TqError} `invalid-option` unless it is a text of `min` to 255 bytes */
export function checkText(text: unknown, where: string, min: 0 | 1): void {
  const bytes = typeof text === 'string' ? Buffer.byteLength(text) : undefined;
  if (bytes !== undefined && bytes >= min && bytes <= MAX_NAME_BYTES) return;
  const found = bytes === undefined ? `a ${typeof text}` : bytes === 0 ? 'an empty one' : `${bytes} bytes`;
  throw new TqError(
    'invalid-option',
    `${where}: expected a text of ${min} to ${MAX_NAME_BYTES} bytes, found ${found}.`,
  );
}

/** @throws {TqError} `invalid-option` unless it is true, false or left out */
export function checkFlag(flag: unknown, where: string): void {
  if (flag === undefined || typeof flag === 'boolean') return;
  throw new TqError('invalid-option', `${where}: expected true or false, found ${typeof flag}.`);
}
