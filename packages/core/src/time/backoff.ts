/** Limits of an exponential backoff with full jitter. */
export interface BackoffOptions {
  /** Upper bound of the first delay, ms. */
  readonly baseMs: number;
  /** Upper bound of every delay, ms. */
  readonly maxMs: number;
}

/**
 * Exponential backoff with full jitter: a uniform draw between 0 and min(maxMs, baseMs × 2^attempt), so that a
 * thousand clients that lost one broker do not come back in one moment.
 * @param attempt 0 for the first try after a failure
 * @param random a number in [0, 1)
 * @returns milliseconds
 */
export function fullJitter(attempt: number, options: BackoffOptions, random: number): number {
  const ceiling = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 52));
  return Math.floor(random * ceiling);
}
