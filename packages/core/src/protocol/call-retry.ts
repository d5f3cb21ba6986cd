import type { HeaderValue } from './message.js';

/** How the delays between tries grow: the same each time, by one `delay` each time, or twice as long each time. */
export type BackoffShape = 'fixed' | 'linear' | 'exponential';

/** What of a retry policy is plain data, so that a call can bring it. */
export interface RetryNumbers {
  /** Further tries after the first, a whole number from 0 on. Default: 3. */
  readonly maxRetries?: number | undefined;
  /** How the delays grow. Default: `exponential`. */
  readonly backoff?: BackoffShape | undefined;
  /** Delay before the second try, before jitter, ms, from 0 on. Default: 1,000. */
  readonly delay?: number | undefined;
  /** Longest delay, ms, from 0 on. Default: 600,000 (10 minutes). */
  readonly maxDelay?: number | undefined;
  /** Draw each delay uniformly from 0 to what `backoff` says, so that tasks that failed together do not come back together. Default: true. */
  readonly jitter?: boolean | undefined;
}

/** What a call says of retries: its own part of the policy, or that there is to be none. */
export type CallRetry = RetryNumbers | false;

export const BACKOFF_SHAPES = ['fixed', 'linear', 'exponential'] as const satisfies readonly BackoffShape[];

/** Value of the header `tq-retry`: false, or a table of what the call says. */
export function encodeCallRetry(retry: CallRetry): HeaderValue {
  if (retry === false) return false;
  const { maxRetries, backoff, delay, maxDelay, jitter } = retry;
  return withoutUndefined({ maxRetries, backoff, delay, maxDelay, jitter });
}

/**
 * Reads the header; what a later version may have added is left out.
 * @returns undefined when it is none that tq writes
 */
export function decodeCallRetry(value: unknown): CallRetry | undefined {
  if (value === false) return false;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { maxRetries, backoff, delay, maxDelay, jitter } = value as Record<string, unknown>;
  const numbers = [maxRetries, delay, maxDelay];
  if (!numbers.every((number) => number === undefined || isCount(number))) return undefined;
  if (backoff !== undefined && !(BACKOFF_SHAPES as readonly unknown[]).includes(backoff)) return undefined;
  if (jitter !== undefined && typeof jitter !== 'boolean') return undefined;
  return withoutUndefined({ maxRetries, backoff, delay, maxDelay, jitter }) as RetryNumbers;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A table has no word for undefined, and one that is spread over another must not hide what is there. */
function withoutUndefined(table: Record<string, unknown>): { readonly [key: string]: HeaderValue } {
  const given = Object.entries(table).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { readonly [key: string]: HeaderValue };
}
