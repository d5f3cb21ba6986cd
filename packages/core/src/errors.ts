/** Every code that an error of tq carries; stable, so that programs may switch on it. */
export type ErrorCode =
  | 'access-refused'
  | 'closed'
  | 'connect-failed'
  | 'connection-lost'
  | 'consumer-timeout'
  | 'declaration-conflict'
  | 'duplicate-event'
  | 'duplicate-task'
  | 'ignored'
  | 'exchange-missing'
  | 'in-child'
  | 'invalid-args'
  | 'invalid-option'
  | 'invalid-payload'
  | 'invalid-result'
  | 'listen-failed'
  | 'message-too-large'
  | 'next-misused'
  | 'not-a-task'
  | 'outbox-full'
  | 'plain-call-failed'
  | 'plain-call-timeout'
  | 'poison'
  | 'publish-aborted'
  | 'publish-nacked'
  | 'publish-refused'
  | 'publish-timeout'
  | 'queue-in-use'
  | 'queue-missing'
  | 'queue-not-empty'
  | 'queue-timeout'
  | 'queue-unavailable'
  | 'refused'
  | 'rejected'
  | 'replaced'
  | 'replies-lost'
  | 'result-aborted'
  | 'result-forgotten'
  | 'result-timeout'
  | 'result-wait-in-task'
  | 'retry'
  | 'route-failed'
  | 'soft-time-limit'
  | 'task-failed'
  | 'task-load-failed'
  | 'task-revoked'
  | 'time-limit'
  | 'unknown-option'
  | 'unknown-task'
  | 'unroutable'
  | 'unserialisable'
  | 'worker-lost'
  | 'worker-stopped';

/** Facts about the error, for programs: queue names, sizes, limits. Never credentials, never argument values. */
export type ErrorFields = Readonly<Record<string, unknown>>;

/**
 * The base of every error that tq throws or rejects with.
 * The message says what was expected, what was found, and what to do; `code` says it to programs.
 */
export class TqError extends Error {
  /** What happened, for programs. */
  readonly code: ErrorCode;
  /** Facts about it, for programs. */
  readonly fields: ErrorFields;

  constructor(code: ErrorCode, message: string, options: { fields?: ErrorFields; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TqError';
    this.code = code;
    this.fields = options.fields ?? {};
  }
}

/** What the remote side said of a failure: the fields of a Celery FAILURE result, and our own beside them. */
export interface RemoteError {
  /** Class name of the remote error, `ValueError` for instance (Celery's `exc_type`). */
  readonly name: string;
  /** Its text. */
  readonly message: string;
  /** Remote stack or Python traceback, where one came. */
  readonly stack: string | undefined;
  /** The remote error's own `code`, where it had one: `ENOENT`, or one of tq's such as `worker-lost`. */
  readonly code: string | undefined;
  /** What caused it, where it had a cause. */
  readonly cause: RemoteError | undefined;
}

/**
 * The task ran, or was refused, and its end is a failure: what `get()` rejects with. Code `task-failed`. In a canvas it is
 * also what the results of all that follows the task reject with; the text and `fields.task` name the task then.
 */
export class TaskFailedError extends TqError {
  /** The id of the task that failed. */
  readonly taskId: string;
  /** What the worker said of the failure. */
  readonly remote: RemoteError;

  constructor(taskId: string, remote: RemoteError, task?: string) {
    const text = `${remote.name}: ${remote.message}`;
    super('task-failed', task === undefined ? text : `Task '${task}' (${taskId}) failed: ${text}`, {
      fields: task === undefined ? { taskId } : { taskId, task },
      cause: remote.cause === undefined ? undefined : new TaskFailedError(taskId, remote.cause),
    });
    this.name = 'TaskFailedError';
    this.taskId = taskId;
    this.remote = remote;
    if (remote.stack !== undefined) this.stack = `${this.stack ?? this.message}\nRemote stack:\n${remote.stack}`;
  }
}

/**
 * The task was ended without having run to its end: it expired before a worker started it, or its handler threw `Ignore`.
 * What `get()` rejects with then. Code `task-revoked`.
 */
export class TaskRevokedError extends TqError {
  /** The id of the task. */
  readonly taskId: string;
  /** Why, in one word as a rule: `expired` or `ignored`; of Celery's workers also `revoked` and `terminated`. */
  readonly reason: string;

  constructor(taskId: string, reason: string, message: string, cause?: Error) {
    super('task-revoked', message, { fields: { taskId, reason }, cause });
    this.name = 'TaskRevokedError';
    this.taskId = taskId;
    this.reason = reason;
  }
}

/** `get()` waited as long as it was told to; the result may still come, and `get()` may be called again. Code `result-timeout`. */
export class ResultTimeoutError extends TqError {
  constructor(message: string, fields: ErrorFields) {
    super('result-timeout', message, { fields });
    this.name = 'ResultTimeoutError';
  }
}

/** `get()` was called, or `progress()` read, inside a task, which can deadlock a full pool. Code `result-wait-in-task`. */
export class ResultWaitInTaskError extends TqError {
  constructor(task: string) {
    super(
      'result-wait-in-task',
      `Task '${task}' waits for another task's result, which stops every worker once all slots wait. ` +
        'Use chain, chord or replace, or pass { allowInTask: true } if a slot is always free.',
      { fields: { task } },
    );
    this.name = 'ResultWaitInTaskError';
  }
}

/**
 * A call that did not reach its queue for certain. `code` tells how it ended: `unroutable`, `publish-nacked`,
 * `publish-timeout`, `publish-aborted`, `message-too-large`, `unserialisable`, `outbox-full`, `queue-missing`,
 * `declaration-conflict`, `invalid-option`, `invalid-args`, `publish-refused` (by middleware, whose error is the
 * cause), `route-failed` (by a function among the routes), `closed`.
 */
export class PublishError extends TqError {
  /**
   * True when the message may be in its queue all the same (it was written, and no confirm came): publish again
   * with the same task id only, so that a repeat is recognisable.
   */
  readonly outcomeUnknown: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    options: { fields?: ErrorFields; cause?: unknown; outcomeUnknown?: boolean } = {},
  ) {
    super(code, message, options);
    this.name = 'PublishError';
    this.outcomeUnknown = options.outcomeUnknown ?? false;
  }
}

/**
 * What a task's signal aborts with when its soft time limit has passed: a handler that throws it, or lets a `fetch`
 * reject with it, fails with it; one that ends its work in time anyway succeeds. Code `soft-time-limit`; `fields` has
 * `task` and `limitMs`.
 */
export class SoftTimeLimitError extends TqError {
  constructor(task: string, limitMs: number) {
    super(
      'soft-time-limit',
      `Task '${task}' runs longer than its soft time limit of ${limitMs} ms and was told to end. ` +
        'Give it less to do, or raise softTimeLimit of the call, the task or the worker.',
      { fields: { task, limitMs } },
    );
    this.name = 'SoftTimeLimitError';
  }
}

/**
 * How a task fails that ran longer than its hard time limit: its thread or process was ended under it. Code
 * `time-limit`; `fields` has `task` and `limitMs`.
 */
export class TimeLimitError extends TqError {
  constructor(task: string, limitMs: number) {
    super(
      'time-limit',
      `Task '${task}' ran longer than its time limit of ${limitMs} ms, so its slot was ended and replaced; ` +
        'it is not run again. Give it less to do, heed the signal of a soft limit, or raise timeLimit of the call, the task or the worker.',
      { fields: { task, limitMs } },
    );
    this.name = 'TimeLimitError';
  }
}

/** A program answered a plain call with an error: a worker of tq's whose task failed. Code `plain-call-failed`. */
export class PlainCallError extends TqError {
  /** The queue that was asked, without the app's prefix. */
  readonly queue: string;
  /** What the program said: name and text. */
  readonly remote: RemoteError;

  constructor(queue: string, remote: RemoteError) {
    super('plain-call-failed', `${remote.name}: ${remote.message}`, { fields: { queue } });
    this.name = 'PlainCallError';
    this.queue = queue;
    this.remote = remote;
  }
}

/** True for an error of tq with this code, whichever copy of the package made it. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  try {
    return error instanceof Error && (error as { code?: unknown }).code === code;
  } catch {
    // A proxy or a getter that throws is nothing of tq's.
    return false;
  }
}

/** True for an error of a call that was not published, whichever copy of the package made it. */
export function isPublishError(error: unknown): error is PublishError {
  return (
    error instanceof PublishError || (isError(error) && error.name === PublishError.name && 'outcomeUnknown' in error)
  );
}

/** What was thrown on the way of a call, as the `PublishError` that its caller gets. */
export function asPublishError(thrown: unknown): PublishError {
  if (isPublishError(thrown)) return thrown;
  const error = toError(thrown);
  const code = (error as { code?: unknown }).code === 'unserialisable' ? 'unserialisable' : 'invalid-option';
  return new PublishError(code, error.message, { cause: error });
}

/** Makes an Error of whatever was thrown, since JavaScript can throw anything. */
export function toError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  const text = typeof thrown === 'string' ? thrown : `Thrown value that is not an Error: ${describe(thrown)}`;
  return new Error(text, { cause: thrown });
}

/** Ends a `switch` over a closed union: a case that is missing fails to compile. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected variant: ${describe(value)}`);
}

function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

function describe(value: unknown): string {
  try {
    if (value === null || typeof value !== 'object') return String(value);
    return Object.prototype.toString.call(value);
  } catch {
    return 'a value that cannot be read';
  }
}
