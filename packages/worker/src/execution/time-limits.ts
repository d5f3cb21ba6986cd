import type { TimeLimits } from '@tq/core/internal';

/**
 * The limits that hold for a run: the call's, else the task's, else the worker's, each by itself. Undefined when there
 * are none, which costs the run nothing more.
 */
export function limitsFor(call: TimeLimits, task: TimeLimits | undefined, worker: TimeLimits): TimeLimits | undefined {
  const timeLimit = call.timeLimit ?? task?.timeLimit ?? worker.timeLimit;
  const softTimeLimit = call.softTimeLimit ?? task?.softTimeLimit ?? worker.softTimeLimit;
  return timeLimit === undefined && softTimeLimit === undefined ? undefined : { timeLimit, softTimeLimit };
}
