import { type EncodedError, failureText } from './error-codec.js';
import type { HeaderValue } from './message.js';

/** What an earlier try of a task failed with. */
export interface EarlierError {
  /** Which try, 1 for the first. */
  readonly attempt: number;
  /** Name and text of the error, `RangeError: too far`, at most 300 characters. */
  readonly error: string;
  /** When it failed, ISO 8601 in UTC. */
  readonly time: string;
}

/** Shared by all messages whose task has not failed before. */
export const NO_EARLIER_ERRORS: readonly EarlierError[] = Object.freeze([]);

/** Header tables are small, and a message passes through many hands: only the last ones travel, cut. */
const MAX_ERRORS = 10;
const MAX_ERROR_TEXT = 300;
const MAX_TIME_TEXT = 40;

/** A try that failed, as its slot reported it. */
export interface FailedTry {
  /** Which try, 1 for the first. */
  readonly attempt: number;
  readonly failure: EncodedError;
  /** When, ms since the epoch. */
  readonly time: number;
}

/** The errors that the next try's message carries: those before, and this one; the last 10 of them. */
export function appendEarlierError(
  errors: readonly EarlierError[],
  { attempt, failure, time }: FailedTry,
): readonly EarlierError[] {
  const error = failureText(failure).slice(0, MAX_ERROR_TEXT);
  return [...errors, { attempt, error, time: new Date(time).toISOString() }].slice(-MAX_ERRORS);
}

/** Value of the header `tq-errors`: a list of tables with the fields of `EarlierError`. */
export function encodeEarlierErrors(errors: readonly EarlierError[]): HeaderValue {
  return errors.map(({ attempt, error, time }) => ({ attempt, error, time }));
}

/**
 * Reads the header. It only informs, so what somebody else put there is left out and is no reason to refuse a task.
 */
export function decodeEarlierErrors(value: unknown): readonly EarlierError[] {
  if (!Array.isArray(value) || value.length === 0) return NO_EARLIER_ERRORS;
  return value.slice(-MAX_ERRORS).flatMap(decodeOne);
}

function decodeOne(value: unknown): EarlierError[] {
  if (typeof value !== 'object' || value === null) return [];
  const { attempt, error, time } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(attempt) || typeof error !== 'string' || typeof time !== 'string') return [];
  return [{ attempt: attempt as number, error: error.slice(0, MAX_ERROR_TEXT), time: time.slice(0, MAX_TIME_TEXT) }];
}
