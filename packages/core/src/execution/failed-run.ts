import { hasCode, TqError } from '../errors.js';
import { encodeError } from '../protocol/error-codec.js';
import type { RetryHook, TaskRun, WillRetry } from '../task/middleware.js';
import type { Runnable } from '../task/registry.js';
import { type RetryRequest, verdictOf } from '../task/verdicts.js';
import type { Clock } from '../time/clock.js';
import { isMapRefused } from './built-in-tasks.js';
import { isThenable } from './call-handler.js';
import { asError, decideRetry, type RetryDecision } from './decide-retry.js';
import type { JobEnd } from './job.js';
import type { RunningTask } from './running-task.js';

/** One try of a task. */
export interface Attempt {
  readonly run: RunningTask;
  readonly task: Runnable;
  readonly sources: RetrySources;
}

/** What a retry depends on beside its policy. */
export interface RetrySources {
  /** Uniform in [0, 1), for the jitter. */
  readonly random: () => number;
  /** By which a task expires. */
  readonly clock: Pick<Clock, 'wallTime'>;
}

/**
 * How a run ends whose handler, or the middleware around it, threw: as the task says by what it threw, else by its retry
 * policy, which is here with its functions and classes. A promise only where middleware that is told of a retry gives
 * one. Never throws.
 * @param taskRun the run as its middleware knows it
 */
export function endOfFailedRun(attempt: Attempt, taskRun: TaskRun, thrown: unknown): JobEnd | Promise<JobEnd> {
  const verdict = verdictOf(thrown);
  if (verdict?.kind === 'replaced') return verdict;
  if (verdict !== undefined && verdict.kind !== 'retry') {
    return { kind: verdict.kind, failure: encodeError(thrown) };
  }
  if (isMapRefused(thrown)) {
    const failure = { ...encodeError(thrown), traceback: encodeError(thrown.cause).traceback };
    return { kind: thrown.code === 'unknown-task' ? 'unknown-task' : 'refused', failure };
  }
  // A handler that has succeeded is not run again for a result that its task's schema refuses.
  if (attempt.run.givenUp || hasCode(thrown, 'invalid-result')) return failure(thrown);
  const request = verdict?.retry;
  const error = request?.cause ?? thrown;
  const decision = decide(attempt, error, request);
  if (decision.kind === 'retry') return tryAgain(attempt, taskRun, error, decision.delayMs);
  return failure(request !== undefined && error === thrown ? noTryLeft(attempt.run, decision.kind) : error);
}

function failure(error: unknown): JobEnd {
  return { kind: 'failure', failure: encodeError(error) };
}

function decide({ run, task, sources }: Attempt, error: unknown, request: RetryRequest | undefined): RetryDecision {
  const { attempt, callRetry: call, expires } = run;
  const leftMs = expires === undefined ? undefined : expires - sources.clock.wallTime();
  const decision = decideRetry({ error, attempt, task: task.retry, call, request, leftMs, random: sources.random() });
  if (decision.fault !== undefined) run.log.error({ err: decision.fault }, FAULT[decision.kind]);
  if (decision.kind === 'too-late') run.log.info({ attempt, leftMs, delayMs: decision.delayMs }, TOO_LATE);
  return decision;
}

const BACKOFF_FAULT = 'backoff of the task failed, so an exponential delay takes its place';
const FAULT: Record<RetryDecision['kind'], string> = {
  'give-up': 'retryOn or noRetryOn of the task failed, so it is not run again',
  'too-late': BACKOFF_FAULT,
  retry: BACKOFF_FAULT,
};
const TOO_LATE = 'the next try would come after the task expires, so it is not run again';

/** What a task fails with that asked for one try too many and gave no cause. */
function noTryLeft({ task, attempt }: RunningTask, why: 'give-up' | 'too-late'): TqError {
  const remedy =
    why === 'give-up'
      ? 'which was its last: raise maxRetries'
      : 'and would have expired by then: raise expires or ask for a shorter delay';
  const text = `Task '${task}' asked to run again after try ${attempt}, ${remedy}, or give Retry a cause to fail with.`;
  return new TqError('retry', text, { fields: { task, attempt } });
}

function tryAgain(
  { run, task }: Attempt,
  taskRun: TaskRun,
  thrown: unknown,
  delayMs: number,
): JobEnd | Promise<JobEnd> {
  const end: JobEnd = { kind: 'retry', failure: encodeError(thrown), delayMs };
  const hooks = task.middleware?.retry;
  if (hooks === undefined) return end;
  const retry = { error: asError(thrown), delayMs, attempt: run.attempt };
  const failed = (err: unknown) =>
    run.log.error({ err }, 'retry middleware failed; the task is run again all the same');
  return tell(hooks, taskRun, retry, failed)?.then(() => end) ?? end;
}

/** Tells all middleware at once; a promise only where one of them gives one. Never rejects. */
function tell(
  hooks: readonly RetryHook[],
  taskRun: TaskRun,
  retry: WillRetry,
  failed: (err: unknown) => void,
): Promise<unknown> | undefined {
  const late: Promise<unknown>[] = [];
  for (const hook of hooks) {
    try {
      const told = hook(taskRun, retry);
      if (isThenable(told)) late.push(Promise.resolve(told).catch(failed));
    } catch (err) {
      failed(err);
    }
  }
  return late.length === 0 ? undefined : Promise.all(late);
}
