import type { HeaderValue } from './message.js';

/** How long a run may take, in ms; undefined where nobody limits it. */
export interface TimeLimits {
  /** Hard: the slot is ended under the task. */
  readonly timeLimit: number | undefined;
  /** Soft: the task's signal aborts. */
  readonly softTimeLimit: number | undefined;
}

export const NO_TIME_LIMITS: TimeLimits = Object.freeze({ timeLimit: undefined, softTimeLimit: undefined });

/**
 * Celery's header `timelimit`: `[hard, soft]` in seconds (its manual says the reverse), fractions allowed, null where
 * there is no limit. Undefined when there is neither.
 */
export function encodeTimeLimits({ timeLimit, softTimeLimit }: TimeLimits): HeaderValue {
  if (timeLimit === undefined && softTimeLimit === undefined) return undefined;
  return [toSeconds(timeLimit), toSeconds(softTimeLimit)];
}

/**
 * Reads the header. Celery takes 0 for "no limit of the call's own", and so does this.
 * @returns undefined when it is none that Celery could have meant
 */
export function decodeTimeLimits(value: unknown): TimeLimits | undefined {
  if (value === undefined || value === null) return NO_TIME_LIMITS;
  if (!Array.isArray(value) || value.length !== 2 || !value.every(isSeconds)) return undefined;
  const [hard, soft] = value as readonly (number | null | undefined)[];
  return hard || soft ? { timeLimit: toMs(hard), softTimeLimit: toMs(soft) } : NO_TIME_LIMITS;
}

function toSeconds(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / 1_000;
}

function toMs(seconds: number | null | undefined): number | undefined {
  return seconds ? Math.max(1, Math.round(seconds * 1_000)) : undefined;
}

function isSeconds(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'number' && value >= 0 && value <= MAX_SECONDS);
}

/** What is longer than this many seconds is no whole number of milliseconds any more; calls may ask for as much. */
const MAX_SECONDS = Number.MAX_SAFE_INTEGER / 1_000;
