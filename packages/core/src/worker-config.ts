import type { ByteSize } from './config/byte-size.js';
import type { Duration } from './time/duration.js';

// Here and not in the worker package: `defineConfig` of @tq/core gives a `tq.config` file these types.

/** Where a worker runs its tasks. */
export type PoolKind = 'thread' | 'process' | 'async';
/** What a worker does with a task that nobody knows there. */
export type UnknownTask = 'dead-letter' | 'delay';

/**
 * What can be said of a worker without a program: in `tq.config`, in variables, on the command line of `tq worker`.
 * `npm run options` writes the lines below from the table in the worker package.
 */
export interface WorkerConfig {
  /** Queues to consume, without the prefix; a number gives a queue slots of its own: `mail,math=2`; `none` for a worker of subscriptions and broadcasts alone. `TQ_QUEUES`. Default: the app's `queue`. */
  readonly queues?: string | readonly string[] | Readonly<Record<string, number | undefined>> | undefined;
  /** Consume what the tasks of this worker subscribe to, beside its queues. `TQ_SUBSCRIPTIONS`. Default: `true`. */
  readonly subscriptions?: boolean | undefined;
  /** Run what is broadcast to all workers. `TQ_BROADCAST`. Default: `true`. */
  readonly broadcast?: boolean | undefined;
  /** Slots that queues without slots of their own share, and subscriptions with them (1 to 1000). `TQ_CONCURRENCY`. Default: `4`. */
  readonly concurrency?: number | undefined;
  /** `thread` runs tasks off the event loop of the connection, `process` in processes of their own; `async` runs them in the loop, for tasks that mostly wait. `TQ_POOL`. Default: `thread`. */
  readonly pool?: PoolKind | undefined;
  /** Deliveries taken in advance for each slot: 1 is fair, more is faster for tiny tasks (1 to 100). `TQ_PREFETCH_MULTIPLIER`. Default: `1`. */
  readonly prefetchMultiplier?: number | undefined;
  /** Queues whose tasks may run longer than the broker's `consumer_timeout` (RabbitMQ: 30 minutes): each slot gets a channel of its own, with a prefetch of 1. `TQ_LONG_TASKS`. Default: none. */
  readonly longTasks?: string | readonly string[] | undefined;
  /** How long a warm stop waits for what runs; the default is under the 30 s of a container. `TQ_SHUTDOWN_TIMEOUT`. Default: `25s`. */
  readonly shutdownTimeout?: Duration | undefined;
  /** How long aborted tasks get before they are killed. `TQ_ABORT_GRACE`. Default: `2s`. */
  readonly abortGrace?: Duration | undefined;
  /** Longest time that a run may take whose call and task say nothing; then its thread or process is ended and replaced, and the task fails with `TimeLimitError`. `TQ_TIME_LIMIT`. Default: none. */
  readonly timeLimit?: Duration | undefined;
  /** When the signal of such a run aborts with a `SoftTimeLimitError`, less than `timeLimit`. `TQ_SOFT_TIME_LIMIT`. Default: none. */
  readonly softTimeLimit?: Duration | undefined;
  /** Tasks that a thread or process runs before another takes its place. `TQ_MAX_TASKS_PER_CHILD`. Default: no limit. */
  readonly maxTasksPerChild?: number | undefined;
  /** Memory that a thread or process may hold after a task before another takes its place: of a process its resident set, of a thread its heap and the buffers of its objects. `TQ_MAX_MEMORY_PER_CHILD`. Default: no limit. */
  readonly maxMemoryPerChild?: ByteSize | undefined;
  /** How long a task of the async pool may keep the event loop before the log names it; 0 never looks. `TQ_BLOCKED_LOOP_LIMIT`. Default: 1s, and at most half of a heartbeat. */
  readonly blockedLoopLimit?: Duration | undefined;
  /** Name of this worker in logs and dead letters. `TQ_HOSTNAME`. Default: `tq@HOST`. */
  readonly hostname?: string | undefined;
  /** Pool children that may die with one task before it is given up (1 to 100). `TQ_LOST_LIMIT`. Default: `3`. */
  readonly lostLimit?: number | undefined;
  /** Deliveries of one task that may end without an ack (1 to 29). `TQ_DELIVERY_LIMIT`. Default: `20`. */
  readonly deliveryLimit?: number | undefined;
  /** What becomes of tasks that nobody knows here: `dead-letter` gives them up, `delay` first sends them round for `unknownTaskLimit`, for rolling deploys. `TQ_UNKNOWN_TASK`. Default: `dead-letter`. */
  readonly unknownTask?: UnknownTask | undefined;
  /** How long an unknown task is sent round; time in the queue does not count. `TQ_UNKNOWN_TASK_LIMIT`. Default: `10m`. */
  readonly unknownTaskLimit?: Duration | undefined;
  /** Time between two summaries of what was done in the log. `TQ_SUMMARY_INTERVAL`. Default: `1m`. */
  readonly summaryInterval?: Duration | undefined;
}
