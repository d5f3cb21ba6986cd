import type { CallRetry } from '../protocol/call-retry.js';
import type { Headers } from '../protocol/message.js';
import type { ArgsSchema } from '../schema/standard-schema.js';
import type { FailureTask } from './on-failure.js';

/** How one call is to be made; what is left out comes from the task, then from the app. */
export interface CallOptions {
  /** Queue to publish to, without the app's prefix. */
  readonly queue?: string | undefined;
  /**
   * Exchange to publish to instead of to a queue, without the app's prefix; RabbitMQ's own (`amq.topic`) have none. It
   * must exist, and what it brings to no queue is refused with `unroutable`.
   */
  readonly exchange?: string | undefined;
  /** Routing key for that exchange, at most 255 bytes. Default: an empty one. */
  readonly routingKey?: string | undefined;
  /** 0 to 255, on a queue that has priorities. */
  readonly priority?: number | undefined;
  /** Headers of the caller's own, which the task reads in `currentTask().headers`. */
  readonly headers?: Headers | undefined;
  /** The task's id instead of a new UUID, 1 to 255 bytes; the same id again is recognisable as the same task. */
  readonly taskId?: string | undefined;
  /**
   * How long after the call the task starts at the earliest, ms, from 0 to what the delay ladder reaches (310 days at the
   * default `delayUnit`). The message waits in the broker. Not together with `eta`.
   */
  readonly countdown?: number | undefined;
  /** When the task starts at the earliest; a time that has passed is no delay. Else as `countdown`. */
  readonly eta?: Date | undefined;
  /**
   * When it is too late to start: so many ms after the call (from 1 on), or a time; later than `eta`. A worker that gets
   * the task later does not run it, and `get()` rejects with `TaskRevokedError`. A run that has started goes on.
   */
  readonly expires?: number | Date | undefined;
  /** How long the broker's confirm may take, ms, after which the call ends as `publish-timeout`. */
  readonly deadline?: number | undefined;
  /** Aborts the publish while it is not confirmed; a task that is in its queue stays there. */
  readonly signal?: AbortSignal | undefined;
  /** Ask for no result: no reply is sent, and `get()` refuses. */
  readonly ignoreResult?: boolean | undefined;
  /** Longest time that the run may take, ms, from 1 on; then it fails with `TimeLimitError`. See `TaskOptions`. */
  readonly timeLimit?: number | undefined;
  /** When the run's signal aborts with a `SoftTimeLimitError`, ms, from 1 on and less than `timeLimit`. */
  readonly softTimeLimit?: number | undefined;
  /** The task that is called with a `TaskFailure` when this one has failed for good. See `TaskOptions`. */
  readonly onFailure?: FailureTask | undefined;
  /**
   * When the task is run again after a failure: what is given here wins over the task's own policy, value by value;
   * `false` turns that off. See `TaskOptions`.
   */
  readonly retry?: CallRetry | undefined;
}

/** One call that is to be made: of what, with what, and how. */
export interface Call {
  readonly task: string;
  readonly args: readonly unknown[];
  /** What the arguments must fit before they are sent, as they are. */
  readonly schema?: ArgsSchema | undefined;
  /** The task's and the call's own, put together. */
  readonly options: CallOptions;
  /** The call's own, whose keys are looked at; without it those of `options`. */
  readonly own?: CallOptions | undefined;
}
