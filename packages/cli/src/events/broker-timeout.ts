import { parseDuration, requireInteger } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';

/** How long a person waits for a broker that does not answer, ms. */
const DEFAULT_MS = 10_000;
/** The longest that a timer takes. */
const MAX_MS = 2_147_483_647;

/**
 * How long the broker may take, ms: `--timeout`.
 * @throws {TqError} `invalid-option`
 */
export function brokerTimeout(args: Arguments): number {
  const text = args.text('timeout');
  if (text === undefined) return DEFAULT_MS;
  return requireInteger(parseDuration(text, '--timeout'), '--timeout (ms)', { min: 1, max: MAX_MS });
}
