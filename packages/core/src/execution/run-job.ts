import { TqError } from '../errors.js';
import { encodeError } from '../protocol/error-codec.js';
import { decodePlainBody, encodePlainResult } from '../protocol/plain-message.js';
import { serialize } from '../protocol/serializer.js';
import { decodeBody, type TaskBody } from '../protocol/task-body.js';
import type { Logger } from '../runtime.js';
import { argsRefusal } from '../schema/refusal.js';
import { type ArgsValidation, validateArgs } from '../schema/validate.js';
import { runInTask } from '../task/context.js';
import type { ExecuteOnion, TaskRun } from '../task/middleware.js';
import type { Registry } from '../task/registry.js';
import { systemClock } from '../time/clock.js';
import { callHandler, isThenable } from './call-handler.js';
import { type Attempt, endOfFailedRun, type RetrySources } from './failed-run.js';
import { findTask, unknownTask } from './find-task.js';
import type { Job, JobEnd } from './job.js';
import { type ProgressReport, RunningTask } from './running-task.js';

/** A job that was started. */
export interface JobRun {
  /** Aborts the task's signal because the worker stops; without effect after the end. */
  abort(): void;
  /** Aborts it because the run takes longer than this soft limit, ms; without effect after the end. */
  exceedSoftLimit(limitMs: number): void;
  /** Aborts it for this reason; without effect after the end. */
  abortFor(reason: TqError): void;
}

/**
 * Runs one job where its handler lives. Total: whatever the handler, its arguments or its result do ends in a JobEnd.
 * A handler that is not asynchronous costs no promise: `done` is then called before this returns.
 * @param own asked for the task before all the open apps of the process
 * @param sources of what a retry depends on beside its policy
 * @param report told of the progress that the handler reports
 */
export function runJob(
  job: Job,
  logger: Logger,
  done: (end: JobEnd) => void,
  own?: Registry,
  sources: RetrySources = OF_THE_PROCESS,
  report?: ProgressReport,
): JobRun {
  const task = findTask(job.task, own);
  if (task === undefined)
    return refuse(done, { kind: 'unknown-task', failure: { ...encodeError(unknownTask(job.task)), traceback: null } });
  let body: TaskBody;
  try {
    body = job.foreign === undefined ? decodeBody(job.bodyText) : decodePlainBody(job.bodyText, job.foreign.format);
  } catch (error) {
    return refuse(done, { kind: 'poison', failure: encodeError(error) });
  }
  const run = new RunningTask(job, body.kwargs, logger, report);
  const end = runInTask(run, () => start({ run, task, sources }, argumentsOf(body)));
  if (end instanceof Promise) end.then(done);
  else done(end);
  return run;
}

const OF_THE_PROCESS: RetrySources = { random: Math.random, clock: systemClock };

/** A Python caller's keyword arguments arrive as one object after the positional ones. */
function argumentsOf({ args, kwargs }: TaskBody): readonly unknown[] {
  return hasMembers(kwargs) ? [...args, kwargs] : args;
}

/** Validates where there is a schema, then calls; a promise of the end only where one was given or there is middleware. */
function start(attempt: Attempt, args: readonly unknown[]): JobEnd | Promise<JobEnd> {
  const { run, task } = attempt;
  if (task.args === undefined) return call(attempt, args);
  const validation = validateArgs(task.args, args);
  if (!(validation instanceof Promise)) return afterArgs(attempt, validation);
  return validation.then((late) => (run.stopped ? STOPPED : afterArgs(attempt, late)));
}

function afterArgs(attempt: Attempt, validation: ArgsValidation): JobEnd | Promise<JobEnd> {
  if (validation.kind === 'fits') return call(attempt, validation.value);
  const { code, message, options } = argsRefusal(attempt.task.name, validation);
  // The stack is that of what a validator threw: tq's own tells nobody anything.
  const { error } = encodeError(new TqError(code, message, options));
  return { kind: 'refused', failure: { error, traceback: encodeError(options.cause).traceback } };
}

/** Calls the handler, inside of middleware. */
function call(attempt: Attempt, args: readonly unknown[]): JobEnd | Promise<JobEnd> {
  const { task, run } = attempt;
  const onion = task.middleware?.execute;
  if (onion !== undefined) return callThrough(onion, attempt, { context: run, args });
  try {
    const value = callHandler(task, args);
    if (!isThenable(value)) return success(run, value);
    return Promise.resolve(value).then(
      (late) => success(run, late),
      (thrown) => afterThrow(attempt, { context: run, args }, thrown),
    );
  } catch (thrown) {
    return afterThrow(attempt, { context: run, args }, thrown);
  }
}

function callThrough(onion: ExecuteOnion, attempt: Attempt, taskRun: TaskRun): Promise<JobEnd> {
  const core = async () => callHandler(attempt.task, taskRun.args);
  return onion(taskRun, core).then(
    (value) => success(attempt.run, value),
    (thrown) => afterThrow(attempt, taskRun, thrown),
  );
}

const RESULT = { tqTypes: true } as const;

/** A result that cannot be sent is no reason to run again what has succeeded. */
function success({ foreign }: RunningTask, value: unknown): JobEnd {
  try {
    const resultText =
      foreign === undefined ? serialize(value, 'result', RESULT) : encodePlainResult(value, foreign.format);
    return { kind: 'success', resultText };
  } catch (thrown) {
    return { kind: 'failure', failure: encodeError(thrown) };
  }
}

const STOPPED: JobEnd = { kind: 'stopped' };

/** What a run fails with that a stop told to end is the abort's doing, not the task's: it runs again elsewhere. */
function afterThrow(attempt: Attempt, taskRun: TaskRun, thrown: unknown): JobEnd | Promise<JobEnd> {
  return attempt.run.stopped ? STOPPED : endOfFailedRun(attempt, taskRun, thrown);
}

const NOT_RUNNING: JobRun = { abort: () => undefined, exceedSoftLimit: () => undefined, abortFor: () => undefined };

function refuse(done: (end: JobEnd) => void, end: JobEnd): JobRun {
  done(end);
  return NOT_RUNNING;
}

function hasMembers(record: Readonly<Record<string, unknown>>): boolean {
  for (const _ in record) return true;
  return false;
}
