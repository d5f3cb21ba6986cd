import { hasCode, TqError } from '../errors.js';
import { requireInteger } from '../options-check.js';
import type { JsonText } from '../protocol/canvas/json-text.js';
import { DELAY_MS, FROM_0 } from './retry-options.js';

/** How a `Retry` is to be done; what is left out comes from the task's policy, and from its defaults where it has none. */
export interface RetryRequest {
  /** When to run again, ms from now, from 0 to what the delay ladder reaches; taken as it is, without jitter. */
  readonly delay?: number | undefined;
  /** Why: what the caller gets when no retries are left, and what the log and the earlier errors say. */
  readonly cause?: unknown;
  /** Further tries after the first, a whole number from 0 on. */
  readonly maxRetries?: number | undefined;
}

/**
 * Thrown by a task that wants to run again later, whether it has a retry policy or not. When its retries are used up it
 * fails with the cause. Code `retry`.
 */
export class Retry extends TqError {
  /** When to run again, ms from now; undefined leaves it to the policy. */
  readonly delay: number | undefined;
  /** Further tries after the first; undefined leaves it to the policy. */
  readonly maxRetries: number | undefined;

  /** @throws {TqError} `invalid-option` when a number is none or out of range */
  constructor({ delay, cause, maxRetries }: RetryRequest = {}) {
    if (delay !== undefined) requireInteger(delay, 'Retry: delay (ms)', DELAY_MS);
    if (maxRetries !== undefined) requireInteger(maxRetries, 'Retry: maxRetries', FROM_0);
    super('retry', 'The task asked to run again.', { cause });
    this.name = 'Retry';
    this.delay = delay;
    this.maxRetries = maxRetries;
  }
}

/**
 * Thrown by a task that must not be tried again, whatever its policy says: its caller gets this failure, and its message
 * becomes a dead letter with the reason `rejected`. Code `rejected`.
 */
export class Reject extends TqError {
  /** @param reason what the caller and whoever looks at the dead letter is told */
  constructor(reason: string, options: { readonly cause?: unknown } = {}) {
    super('rejected', reason, options);
    this.name = 'Reject';
  }
}

/**
 * Thrown by a task whose run is to leave no trace: no retry, no dead letter, no failure. A caller that waits for the
 * result is told that the task was revoked. Code `ignored`.
 */
export class Ignore extends TqError {
  /** @param reason what the caller and the worker's observers are told */
  constructor(reason = 'ignored') {
    super('ignored', reason);
    this.name = 'Ignore';
  }
}

/** Thrown by a task that something else is to run in the place of; see `currentTask().replace(…)`. Code `replaced`. */
export class Replace extends TqError {
  /** What is to run: a step of a canvas, as the wire has it. */
  readonly stepText: JsonText;

  constructor(stepText: JsonText) {
    super('replaced', 'The task has something else run in its place.');
    this.name = 'Replace';
    this.stepText = stepText;
  }
}

/** What a task that threw one of the four wants. */
export type Verdict =
  | { readonly kind: 'retry'; readonly retry: RetryRequest }
  | { readonly kind: 'replaced'; readonly stepText: JsonText }
  | { readonly kind: 'rejected' | 'ignored' };

/**
 * Recognises them by their code, whichever copy of this package made them.
 * @returns undefined for every other error
 */
export function verdictOf(thrown: unknown): Verdict | undefined {
  try {
    // Every error of tq has `fields`, and hardly any other: a library's own `code` may be one of these words.
    if (!(thrown instanceof Error) || !('fields' in thrown)) return undefined;
  } catch {
    return undefined;
  }
  if (hasCode(thrown, 'retry')) return { kind: 'retry', retry: requestOf(thrown) };
  if (hasCode(thrown, 'rejected')) return { kind: 'rejected' };
  if (hasCode(thrown, 'replaced')) return { kind: 'replaced', stepText: String((thrown as Partial<Replace>).stepText) };
  return hasCode(thrown, 'ignored') ? { kind: 'ignored' } : undefined;
}

/** Numbers that are none, which only another copy or a program without types can have put there, say nothing. */
function requestOf(thrown: Error & RetryRequest): RetryRequest {
  try {
    const { delay, maxRetries, cause } = thrown;
    return { delay: countOf(delay), maxRetries: countOf(maxRetries), cause };
  } catch {
    return {};
  }
}

function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
