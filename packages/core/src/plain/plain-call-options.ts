import { refuseUnknownKeys, requireInteger } from '../options-check.js';
import type { ForeignFormat } from '../protocol/foreign-body.js';
import type { StandardSchema } from '../schema/standard-schema.js';
import { MESSAGE_KEYS, type PlainMessageOptions, requireFormat } from './message-options.js';

/** How to call a program that knows no tasks. */
export interface PlainCallOptions<T = unknown> extends PlainMessageOptions {
  /** How long to wait for the answer, the publish included, ms (1 to 2,147,483,647). Default: the app's `resultTimeout` (60 s). */
  readonly timeout?: number | undefined;
  /** How the body is written and the answer is read. Default: `json`. */
  readonly format?: ForeignFormat | undefined;
  /** What the answer has to fit; the call gives the schema's output. Default: the answer as it is. */
  readonly schema?: StandardSchema<unknown, T> | undefined;
  /** Ends the wait; a request that was published is answered all the same, to nobody. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls a program that takes a plain message from a queue and answers to `reply_to` with the `correlation_id`: the RPC of
 * RabbitMQ's tutorials, in whatever language. The queue is used as it is, and nothing is declared.
 *
 * Rejects with {@link PlainCallError} where a worker of tq's says that its task failed; with a `PublishError` such as
 * `queue-missing` (at once), `unroutable`, `publish-nacked`, `unserialisable`; and with the codes `plain-call-timeout`,
 * `poison` (an answer that is none of the format), `invalid-result` (one that does not fit the schema), `result-aborted`
 * (`publish-aborted` before the confirm),
 * `replies-lost`, `result-forgotten` (more than `maxWaiters` wait), `closed`, `invalid-option`, `unknown-option`.
 */
export interface PlainCall {
  (queue: string, body: unknown, options: PlainCallOptions & Formatted<'text'>): Promise<string>;
  (queue: string, body: Uint8Array, options: PlainCallOptions & Formatted<'bytes'>): Promise<Buffer>;
  <T = unknown>(queue: string, body: unknown, options?: PlainCallOptions<T>): Promise<T>;
}

/** A format whose answers need no schema to have a type. */
interface Formatted<F extends ForeignFormat> {
  readonly format: F;
  readonly schema?: undefined;
}

const CALL_KEYS = [...MESSAGE_KEYS, 'timeout', 'format', 'schema', 'signal'] as const;
const MAX_TIMEOUT_MS = 2_147_483_647;

/** Options with their defaults. */
export interface ResolvedPlainCall extends PlainCallOptions {
  readonly timeout: number;
  readonly format: ForeignFormat;
}

/** @throws {TqError} `invalid-option`, `unknown-option` */
export function resolvePlainCall(options: PlainCallOptions, defaultTimeoutMs: number): ResolvedPlainCall {
  refuseUnknownKeys(options, CALL_KEYS, WHERE);
  const bounds = { min: 1, max: MAX_TIMEOUT_MS };
  return {
    ...options,
    timeout: requireInteger(options.timeout ?? defaultTimeoutMs, `${WHERE}: timeout (ms)`, bounds),
    format: requireFormat(options.format, WHERE),
  };
}

/** What error texts call it. */
export const WHERE = 'plainCall';
