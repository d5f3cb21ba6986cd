import { refuseUnknownKeys, requireInteger } from '../options-check.js';
import type { ForeignFormat } from '../protocol/foreign-body.js';
import type { Properties } from '../protocol/message.js';
import { MESSAGE_KEYS, type PlainMessageOptions, requireFormat, requireShortText } from './message-options.js';

/** What a plain queue carries. */
export interface PlainQueueOptions {
  /** How bodies are written and read. Default: `json`. */
  readonly format?: ForeignFormat | undefined;
}

/** What a plain message says of itself, and how it is published. */
export interface PlainPublishOptions extends PlainMessageOptions {
  /** AMQP's `message_id`. Default: a new UUID. */
  readonly messageId?: string | undefined;
  /** AMQP's `correlation_id`. Default: none. */
  readonly correlationId?: string | undefined;
  /** AMQP's `reply_to`: the full name of a queue. Default: none. */
  readonly replyTo?: string | undefined;
  /** 0 to 255; queues that were declared without priorities heed none. Default: none. */
  readonly priority?: number | undefined;
  /** How long it may wait in the queue, ms (0 to 2,147,483,647). Default: as long as the queue lets it. */
  readonly expiration?: number | undefined;
  /** How long the confirm may take, ms (1 to 2,147,483,647). Default: the app's `publishTimeout` (30 s). */
  readonly deadline?: number | undefined;
  /** Ends the publish. */
  readonly signal?: AbortSignal | undefined;
}

/** How a plain queue is consumed. */
export interface PlainConsumeOptions {
  /** Handlers that run at a time, 1 to 65,535: so many messages are delivered before the first is acked. Default: 1. */
  readonly concurrency?: number | undefined;
  /**
   * How long `stop()` and the app's `close()` wait for handlers, ms (0 to 2,147,483,647); then their messages go back to the
   * queue, whatever the handlers still do. Default: 25,000.
   */
  readonly stopTimeout?: number | undefined;
}

/** The same, with defaults. */
export interface ResolvedPlainConsume {
  readonly concurrency: number;
  readonly stopTimeoutMs: number;
}

const PUBLISH_KEYS = [
  ...MESSAGE_KEYS,
  ...(['messageId', 'correlationId', 'replyTo', 'priority', 'expiration', 'deadline', 'signal'] as const),
];
const MAX_MS = 2_147_483_647;
/** AMQP carries a prefetch in two bytes. */
const MAX_CONCURRENCY = 65_535;
const STOP_TIMEOUT_MS = 25_000;

/** @throws {TqError} `invalid-option`, `unknown-option` */
export function resolveQueueFormat(options: PlainQueueOptions): ForeignFormat {
  refuseUnknownKeys(options, ['format'], 'plainQueue');
  return requireFormat(options.format, 'plainQueue');
}

/**
 * The AMQP properties that a publish gives beside those of every plain message.
 * @throws {TqError} `invalid-option`, `unknown-option`
 */
export function publishProperties(options: PlainPublishOptions, where: string): Properties {
  refuseUnknownKeys(options, PUBLISH_KEYS, where);
  const { messageId, correlationId, replyTo, priority, expiration, deadline } = options;
  for (const [name, value] of Object.entries({ messageId, correlationId, replyTo })) {
    requireShortText(value, `${where}: ${name}`);
  }
  if (priority !== undefined) requireInteger(priority, `${where}: priority`, { min: 0, max: 255 });
  if (expiration !== undefined) requireInteger(expiration, `${where}: expiration (ms)`, { min: 0, max: MAX_MS });
  if (deadline !== undefined) requireInteger(deadline, `${where}: deadline (ms)`, { min: 1, max: MAX_MS });
  return {
    messageId,
    correlationId,
    replyTo,
    priority,
    expiration: expiration === undefined ? undefined : String(expiration),
  };
}

/** @throws {TqError} `invalid-option`, `unknown-option` */
export function resolvePlainConsume(options: PlainConsumeOptions): ResolvedPlainConsume {
  refuseUnknownKeys(options, ['concurrency', 'stopTimeout'], 'consume');
  const { concurrency = 1, stopTimeout = STOP_TIMEOUT_MS } = options;
  return {
    concurrency: requireInteger(concurrency, 'consume: concurrency', { min: 1, max: MAX_CONCURRENCY }),
    stopTimeoutMs: requireInteger(stopTimeout, 'consume: stopTimeout (ms)', { min: 0, max: MAX_MS }),
  };
}
