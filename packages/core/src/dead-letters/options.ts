import { TqError } from '../errors.js';
import { refuseUnknownKeys, requireInteger } from '../options-check.js';
import type { DeadLetterMessage } from '../protocol/dead-letter.js';

/** How long an operation on dead letters may wait. */
export interface DeadLetterCallOptions {
  /**
   * How long to wait for the connection, for somebody else who looks at the same queue or moves its messages, and for the
   * broker while it says nothing, ms, 1 to 2,147,483,647. Default: 10,000.
   */
  readonly timeout?: number | undefined;
}

/** Options of what changes something. */
export interface DeadLetterPurgeOptions extends DeadLetterCallOptions {
  /** Only count what would be done. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Ends it, when it is aborted, after the message in hand; what was done is in the report. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of putting dead letters back. */
export interface DeadLetterRetryOptions extends DeadLetterPurgeOptions {
  /** Messages a second at most, above 0. Default: as fast as the broker takes them. */
  readonly rate?: number | undefined;
  /**
   * Asked for each message what it is to be called with, while nobody else may look at its queue; asked again when the
   * message could not be moved yet. Default: with what it was.
   */
  readonly edit?: EditDeadLetter | undefined;
  /** Told after each message how far it is. An error that it throws ends the operation. */
  readonly onProgress?: ((progress: DeadLetterProgress) => void) | undefined;
}

/** Other positional arguments: values, or their JSON as it goes over the wire. */
export type EditedArguments =
  | {
      /** Values. */
      readonly args: readonly unknown[];
    }
  | {
      /** JSON of a list. */
      readonly argsText: string;
    };

/**
 * Says what a dead letter is to be called with.
 * @param letter with all that it has; what a foreign program sent has no `argsText`
 * @param check resolves when arguments fit the schema of the task, where one is known here; else rejects with a `TqError`,
 *   `invalid-args`. They are checked again when they are used.
 * @returns undefined to send it as it was, `skip` to leave it where it is
 */
export type EditDeadLetter = (
  letter: DeadLetterMessage,
  check: (edited: EditedArguments) => Promise<void>,
) => EditedArguments | 'skip' | undefined | Promise<EditedArguments | 'skip' | undefined>;

/** What came of throwing dead letters away. */
export interface DeadLetterPurgeReport {
  /** How many fit the filter; of an operation that was aborted, as far as it came. */
  readonly matched: number;
  /** How many are gone. */
  readonly purged: number;
  /** The signal ended it. */
  readonly aborted: boolean;
}

/** What came of putting dead letters back. */
export interface DeadLetterRetryReport {
  /** How many fit the filter; of an operation that was aborted, as far as it came. */
  readonly matched: number;
  /** How many are in their queues again. */
  readonly moved: number;
  /** How many no queue took, since theirs was deleted inside the transaction: they are back where they were, at the end. */
  readonly returned: number;
  /**
   * How many were left where they are: `edit` said so, their headers are larger than AMQP lets tq send again, a message of
   * the same id was moved already, the queue that leads delayed calls on to an exchange is gone, or it was one of many that
   * came to every worker, where it has no queue to go back to.
   */
  readonly skipped: number;
  /** The signal ended it. */
  readonly aborted: boolean;
}

/** How far putting back has come. */
export interface DeadLetterProgress extends DeadLetterRetryReport {
  /** Queue whose dead letters are being moved, without the app's prefix. */
  readonly queue: string;
  /** Of the message that was handled last. */
  readonly id: string | undefined;
}

const TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 2_147_483_647;

export const CALL_KEYS = ['timeout'] as const satisfies readonly (keyof DeadLetterCallOptions)[];
export const PURGE_KEYS = [
  ...CALL_KEYS,
  'dryRun',
  'signal',
] as const satisfies readonly (keyof DeadLetterPurgeOptions)[];
export const RETRY_KEYS = [
  ...PURGE_KEYS,
  'rate',
  'edit',
  'onProgress',
] as const satisfies readonly (keyof DeadLetterRetryOptions)[];

/** @throws {TqError} `invalid-option`, `unknown-option` */
export function timeoutOf(options: DeadLetterCallOptions, known: readonly string[], method: string): number {
  refuseUnknownKeys(options, known, `deadLetters.${method}`);
  return requireInteger(options.timeout ?? TIMEOUT_MS, `${method}: timeout (ms)`, { min: 1, max: MAX_TIMEOUT_MS });
}

/**
 * Checks a rate.
 * @returns ms from one message to the next
 * @throws {TqError} `invalid-option`
 */
export function intervalOf(rate: number | undefined): number {
  if (rate === undefined) return 0;
  if (typeof rate === 'number' && rate > 0 && Number.isFinite(rate)) return 1_000 / rate;
  throw new TqError('invalid-option', `retry: rate: expected messages a second, above 0, found ${String(rate)}.`);
}
