import { TqError } from '../errors.js';
import { refuseUnknownKeys, requireInteger, requireOneOf } from '../options-check.js';
import { BACKOFF_SHAPES, type BackoffShape, type CallRetry, type RetryNumbers } from '../protocol/call-retry.js';
import { maxDelayMs } from '../protocol/delay-key.js';

/** A class of errors, subclasses included. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Which errors are meant: those of a class, or those for which a function says true. */
export type ErrorMatcher = ErrorClass | ((error: Error) => boolean);

/**
 * How long to wait before the next try, ms: `attempt` is the try that failed, 1 for the first, `error` what it threw.
 * `maxDelay` and `jitter` hold for what it gives.
 */
export type Backoff = (attempt: number, error: Error) => number;

/** When a task that failed is run again. Whether it is decided where the handler runs, by the task's own definition. */
export interface RetryOptions extends Omit<RetryNumbers, 'backoff'> {
  /** How the delays grow, or a function that gives each. Default: `exponential`. */
  readonly backoff?: BackoffShape | Backoff | undefined;
  /** Errors after which the task is run again. Default: all. */
  readonly retryOn?: readonly ErrorMatcher[] | undefined;
  /** Errors after which it is not, whatever `retryOn` says. Default: none. */
  readonly noRetryOn?: readonly ErrorMatcher[] | undefined;
}

const CALL_KEYS = ['maxRetries', 'backoff', 'delay', 'maxDelay', 'jitter'] as const;
const LISTS = ['retryOn', 'noRetryOn'] as const;
const TASK_KEYS = [...CALL_KEYS, ...LISTS] as const;
/** What a number of tries may be. */
export const FROM_0 = { min: 0, max: Number.MAX_SAFE_INTEGER };
/** What a delay may be: the ladder reaches so far with its default unit (`delayUnit`, 100 ms). */
export const DELAY_MS = { min: 0, max: maxDelayMs(100) };

/**
 * Checks a task's retry policy.
 * @param where goes before the option's name in the error's text
 * @throws {TqError} `invalid-option` or `unknown-option`
 */
export function checkRetry(retry: RetryOptions | undefined, where: string): void {
  if (retry === undefined) return;
  requireOptions(retry, where, '{ maxRetries, backoff, … }', 'leave it out for no retries');
  refuseUnknownKeys(retry, TASK_KEYS, where);
  const { backoff } = retry;
  if (typeof backoff !== 'function') checkShape(backoff, where);
  checkNumbers(retry, where);
  for (const name of LISTS) checkMatchers(retry[name], `${where}.${name}`);
}

/**
 * Checks what a call says of retries: data, since a function or a class stays in this process.
 * @throws {TqError} `invalid-option` or `unknown-option`
 */
export function checkCallRetry(retry: CallRetry | undefined, where: string): void {
  if (retry === undefined || retry === false) return;
  requireOptions(retry, where, 'false or { maxRetries, backoff, … }', 'use false for no retries');
  for (const name of [...LISTS, 'backoff'] as const) refuseCode((retry as RetryOptions)[name], `${where}.${name}`);
  refuseUnknownKeys(retry, CALL_KEYS, where);
  checkShape(retry.backoff, where);
  checkNumbers(retry, where);
}

function requireOptions(retry: unknown, where: string, expected: string, remedy: string): void {
  if (typeof retry === 'object' && retry !== null && !Array.isArray(retry)) return;
  const found = retry === null ? 'null' : Array.isArray(retry) ? 'a list' : `${typeof retry} '${String(retry)}'`;
  throw new TqError('invalid-option', `${where}: expected ${expected}, found ${found}; ${remedy}.`);
}

function refuseCode(value: unknown, where: string): void {
  if (typeof value !== 'function' && !Array.isArray(value)) return;
  const text = `${where}: expected data, which a call can carry to the worker, found a function or classes of errors; say it in the task's own retry options, where it is defined.`;
  throw new TqError('invalid-option', text);
}

function checkShape(backoff: unknown, where: string): void {
  if (backoff !== undefined) requireOneOf(backoff, `${where}.backoff`, BACKOFF_SHAPES);
}

function checkNumbers({ maxRetries, delay, maxDelay, jitter }: Omit<RetryNumbers, 'backoff'>, where: string): void {
  if (maxRetries !== undefined) requireInteger(maxRetries, `${where}.maxRetries`, FROM_0);
  if (delay !== undefined) requireInteger(delay, `${where}.delay (ms)`, DELAY_MS);
  if (maxDelay !== undefined) requireInteger(maxDelay, `${where}.maxDelay (ms)`, DELAY_MS);
  if (jitter !== undefined && typeof jitter !== 'boolean') {
    throw new TqError('invalid-option', `${where}.jitter: expected true or false, found ${typeof jitter}.`);
  }
  if (delay === undefined || maxDelay === undefined || delay <= maxDelay) return;
  const text = `${where}.delay: expected at most the maxDelay of ${maxDelay} ms, found ${delay} ms; lower one or raise the other.`;
  throw new TqError('invalid-option', text);
}

function checkMatchers(matchers: unknown, where: string): void {
  if (matchers === undefined) return;
  const expected = 'expected a list of error classes and functions';
  if (!Array.isArray(matchers)) throw new TqError('invalid-option', `${where}: ${expected}, found ${typeof matchers}.`);
  const wrong = matchers.find((matcher) => typeof matcher !== 'function');
  if (wrong === undefined && !matchers.includes(undefined)) return;
  throw new TqError('invalid-option', `${where}: ${expected}, found ${wrong === null ? 'null' : typeof wrong} in it.`);
}
