import { TqError } from '../errors.js';
import { requireInteger } from '../options-check.js';
import type { Envelope } from '../protocol/envelope.js';
import { formatDuration } from '../time/duration.js';
import { MAX_TIME_MS, printIsoTime } from '../time/iso-time.js';
import type { CallOptions } from './call.js';

/** When a task may start, and until when: ms since the epoch. */
export type CallTimes = Pick<Envelope, 'eta' | 'expires'>;

/**
 * Reads the times among a call's options.
 * @param clock gives ms since the epoch; asked only when there are some
 * @param maxDelayMs how far ahead a start may lie
 * @returns undefined when there are none; no `eta` for one that has passed
 * @throws {TqError} `invalid-option`
 */
export function callTimes(options: CallOptions, clock: () => number, maxDelayMs: number): CallTimes | undefined {
  const { countdown, eta, expires } = options;
  if (countdown === undefined && eta === undefined && expires === undefined) return undefined;
  const now = clock();
  const start = startOf(countdown, eta, now, maxDelayMs);
  return { eta: start, expires: expires === undefined ? undefined : endOf(expires, now, start) };
}

function startOf(
  countdown: number | undefined,
  eta: Date | undefined,
  now: number,
  maxDelayMs: number,
): number | undefined {
  if (countdown !== undefined && eta !== undefined) {
    throw invalid('countdown: expected none beside an eta, found both; leave one out.');
  }
  const what = eta === undefined ? 'countdown' : 'eta';
  const start = eta === undefined ? now + requireCountdown(countdown) : requireTime(eta, what);
  if (start <= now) return undefined;
  if (start - now <= maxDelayMs) return start;
  const reach = `${formatDuration(maxDelayMs)} (${maxDelayMs} ms)`;
  throw invalid(
    `${what}: expected a start within ${reach} from now, which is as far as delays reach, found ${start - now} ms. ` +
      'Call it later, or raise delayUnit.',
  );
}

function endOf(expires: number | Date, now: number, start: number | undefined): number {
  const end = typeof expires === 'number' ? now + requireExpires(expires, 'expires') : requireTime(expires, 'expires');
  if (start === undefined || end > start) return requireTime(new Date(end), 'expires');
  throw invalid(
    `expires: expected a time after the start at ${printIsoTime(start)}, found ${printIsoTime(end)}, so that it would ` +
      'never run. It counts from the call and not from the start: give the call a later one.',
  );
}

function requireCountdown(countdown: number | undefined): number {
  return countdown === undefined ? 0 : requireInteger(countdown, 'countdown (ms)', { min: 0, max: MAX_TIME_MS });
}

/**
 * Checks how long after a call its task may start.
 * @throws {TqError} `invalid-option`
 */
export function requireExpires(expires: number, where: string): number {
  return requireInteger(expires, `${where} (ms)`, { min: 1, max: MAX_TIME_MS });
}

function requireTime(time: unknown, what: string): number {
  const isDate = time instanceof Date;
  const ms = isDate ? time.getTime() : Number.NaN;
  if (ms >= 0 && ms <= MAX_TIME_MS) return ms;
  const found = isDate ? (Number.isNaN(ms) ? 'an invalid Date' : `${ms} ms since 1970`) : String(time);
  throw invalid(`${what}: expected a Date from 1970 to 9999, found ${found}.`);
}

function invalid(text: string): TqError {
  return new TqError('invalid-option', text);
}
