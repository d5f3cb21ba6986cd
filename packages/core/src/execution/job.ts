import type { CallRetry } from '../protocol/call-retry.js';
import type { JsonText } from '../protocol/canvas/json-text.js';
import type { EarlierError } from '../protocol/earlier-errors.js';
import type { TaskMessage } from '../protocol/envelope.js';
import type { EncodedError } from '../protocol/error-codec.js';
import type { Foreign } from '../protocol/foreign-message.js';
import type { Headers } from '../protocol/message.js';
import type { TimeLimits } from '../protocol/time-limits.js';

/** A run of one task, as a pool needs it; plain data, so that it crosses to a thread or a process as it is. */
export interface Job {
  readonly id: string;
  readonly task: string;
  /** 1 on the first try. */
  readonly attempt: number;
  readonly queue: string;
  readonly rootId: string;
  /** How many tasks were replaced before it on its way; undefined for none. */
  readonly replacedNesting?: number | undefined;
  readonly parentId: string | undefined;
  /** The caller's own headers. */
  readonly headers: Headers;
  /** JSON text of `[args, kwargs, embed]`, or a foreign body as it came; parsed where the handler runs. */
  readonly bodyText: string;
  /** What its pool holds it to; undefined where nothing limits it. */
  readonly limits?: TimeLimits | undefined;
  /** What its call says of retries; undefined when it says nothing. */
  readonly retry?: CallRetry | undefined;
  /** What earlier tries failed with, the oldest first; undefined or empty for none. */
  readonly errors?: readonly EarlierError[] | undefined;
  /** When it is too late to start another try, ms since the epoch; undefined for never. */
  readonly expires?: number | undefined;
  /** What came as no task's message; undefined where one did. */
  readonly foreign?: Foreign | undefined;
}

/** Which run is meant: of one id there may be several, of several tries and from several queues. */
export type JobIdentity = Pick<Job, 'id' | 'attempt' | 'queue'>;

/** True when both are the same run. */
export function isSameJob(one: JobIdentity, other: JobIdentity): boolean {
  return one.id === other.id && one.attempt === other.attempt && one.queue === other.queue;
}

/** The run of a message that came from this queue. */
export function toJob(message: TaskMessage, queue: string, limits: TimeLimits | undefined): Job {
  const { id, task, retries, rootId, parentId, headers, bodyText, retry, errors, expires, foreign, replacedNesting } =
    message;
  const attempt = retries + 1;
  const call = {
    id,
    task,
    attempt,
    queue,
    rootId,
    parentId,
    headers,
    bodyText,
    limits,
    retry,
    errors,
    expires,
    foreign,
  };
  return replacedNesting === 0 ? call : { ...call, replacedNesting };
}

/** How a run ended. */
export type JobEnd =
  /** The handler returned; its value is JSON text. */
  | { readonly kind: 'success'; readonly resultText: string }
  /** The handler threw or rejected, or its result cannot be serialised. */
  | { readonly kind: 'failure'; readonly failure: EncodedError }
  /** The handler failed or asked for it, and its task is to run again, `delayMs` from now. */
  | { readonly kind: 'retry'; readonly failure: EncodedError; readonly delayMs: number }
  /** The handler threw a `Reject`: it is not run again, whatever its policy says. */
  | { readonly kind: 'rejected'; readonly failure: EncodedError }
  /** The handler threw an `Ignore`: nothing is left of the task; a caller that waits is told that it was revoked. */
  | { readonly kind: 'ignored'; readonly failure: EncodedError }
  /** The handler wants something else to run in its task's place: a step of a canvas, as the wire has it. */
  | { readonly kind: 'replaced'; readonly stepText: JsonText }
  /** The body is none that a handler can be called with. */
  | { readonly kind: 'poison'; readonly failure: EncodedError }
  /** The message asks for what this worker cannot give, so the handler was not called. */
  | { readonly kind: 'refused'; readonly failure: EncodedError }
  /** No task of this name is registered. */
  | { readonly kind: 'unknown-task'; readonly failure: EncodedError }
  /** The child died under the run; `how` tells its exit code or error. */
  | { readonly kind: 'lost'; readonly how: string }
  /** A cold stop ended the run before it was done: the handler failed once it was aborted, or was killed. */
  | { readonly kind: 'stopped' };
