import type { TimeLimits } from '../protocol/time-limits.js';

/**
 * The limits that hold for a run: the call's, else the task's, else the worker's, each by itself. Undefined when there
 * are none, which costs the run nothing more.
 */
export function limitsFor(call: TimeLimits, task: TimeLimits | undefined, worker: TimeLimits): TimeLimits | undefined {
  const timeLimit = call.timeLimit ?? task?.timeLimit ?? worker.timeLimit;
  const softTimeLimit = call.softTimeLimit ?? task?.softTimeLimit ?? worker.softTimeLimit;
  return timeLimit === undefined && softTimeLimit === undefined ? undefined : { timeLimit, softTimeLimit };
}

/** When a run is told to end that nobody can end but itself, ms: at its soft limit, and at a hard one that comes first. */
export function softestLimit({ timeLimit, softTimeLimit }: TimeLimits): number {
  return Math.min(timeLimit ?? Number.POSITIVE_INFINITY, softTimeLimit ?? Number.POSITIVE_INFINITY);
}
