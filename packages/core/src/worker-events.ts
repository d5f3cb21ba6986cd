import type { RemoteError } from './errors.js';
import type { Headers } from './protocol/message.js';
import type { DeadLetterReason } from './protocol/names.js';

// Here and not in the worker package: a task file imports @tq/core alone, and `onWorkerStart` gives it a worker to observe.

/** What a worker tells its observers. Durations are milliseconds, queue names are full names. */
export interface WorkerEvents {
  /** `start()` was called; nothing is connected yet. */
  'worker:starting': WorkerIdentity;
  /** Every queue and subscription is consumed for the first time. */
  'worker:ready': WorkerReady;
  /** `stop()` was called, or the start failed: no more is taken, what runs is waited for. */
  'worker:stopping': WorkerIdentity;
  /** Nothing runs any more and every delivery is settled or given back. */
  'worker:stopped': WorkerIdentity;
  /** The broker takes no publishes (a memory or disk alarm): settled runs wait, and nothing new starts that wants a reply. */
  'worker:blocked': WorkerIdentity;
  /** The broker takes publishes again. */
  'worker:unblocked': WorkerIdentity;
  /** A queue is consumed: at the start, and whenever it is again after a loss. */
  'queue:attached': QueueAttached;
  /** A queue is not consumed any more, though nobody stopped it; the worker tries to come back. */
  'queue:detached': QueueDetached;
  /** A run has got its slot. */
  'task:started': TaskIdentity;
  /** The handler returned, and its result can be sent. */
  'task:succeeded': TaskEnded;
  /** The handler threw, or its result cannot be serialised. */
  'task:failed': TaskFailed;
  /** The handler failed, and its task is tried again: its copy is on its way to the broker. */
  'task:retried': TaskRetried;
  /** The handler has something else run in its task's place, which is on its way to the broker. */
  'task:replaced': TaskEnded;
  /** The handler threw `Reject`: a dead letter and a failure, without another try. */
  'task:rejected': TaskFailed;
  /** The handler threw `Ignore`: nothing is left of the task, and its caller is told that it was revoked. */
  'task:ignored': TaskFailed;
  /** The child died under the run. */
  'task:lost': TaskLost;
  /** A cold stop ended the run before it was done; its delivery goes back to the queue. */
  'task:returned': TaskEnded;
  /** A task came too late to start: it is not run, its caller gets a `TaskRevokedError`, and a dead letter stays. */
  'task:expired': TaskExpired;
  /** A delivery is given up without its handler having run, or since what was to follow its run cannot be sent: a dead letter, and a failure for the caller. */
  'task:refused': TaskRefused;
}

/** Which worker. */
export interface WorkerIdentity {
  /** Name of the worker, `tq@HOST` unless told. */
  readonly hostname: string;
  /** Queues that it consumes. */
  readonly queues: readonly string[];
}

/** A worker that consumes. */
export interface WorkerReady extends WorkerIdentity {
  /** Names of the tasks that it can run. */
  readonly tasks: readonly string[];
  /** Runs at a time, at most. */
  readonly slots: number;
  /** What comes to it beside its queues. */
  readonly subscriptions: readonly WorkerSubscription[];
}

/** What comes to a worker without being sent to one of its queues. */
export interface WorkerSubscription {
  /** Of the subscription; broadcasts are `tq.broadcast.all`. */
  readonly name: string;
  /** The queue that it comes from: one of the worker's own, or of a group that shares it. */
  readonly queue: string;
}

/** A queue that is consumed. */
export interface QueueAttached {
  /** The queue. */
  readonly queue: string;
}

/** A queue that is not. */
export interface QueueDetached {
  /** The queue. */
  readonly queue: string;
  /** Why. */
  readonly error: Error;
}

/** Which run of which task. */
export interface TaskIdentity {
  /** The task's id. */
  readonly id: string;
  /** The task's name. */
  readonly task: string;
  /** The queue that it was delivered from. */
  readonly queue: string;
  /** 1 on the first try. */
  readonly attempt: number;
  /** First task of the tree; equals `id` for a root. */
  readonly rootId: string;
  /** The task that called it, or undefined. */
  readonly parentId: string | undefined;
  /** The caller's own headers. */
  readonly headers: Headers;
}

/** A run that is over. */
export interface TaskEnded extends TaskIdentity {
  /** From getting the slot to the end, settling not included, ms. */
  readonly durationMs: number;
}

/** A run that failed. */
export interface TaskFailed extends TaskEnded {
  /** What it failed with, as its caller gets it. */
  readonly error: RemoteError;
}

/** A run that failed and is followed by another; `attempt` is the one that failed. */
export interface TaskRetried extends TaskFailed {
  /** How long the next one is delayed, ms. */
  readonly delayMs: number;
}

/** A run whose child died. */
export interface TaskLost extends TaskEnded {
  /** Exit code, signal or error of the child. */
  readonly how: string;
  /** Children that died with this task so far, this one included. */
  readonly losses: number;
  /** True at the worker's `lostLimit`: a dead letter and a failure instead of another try. */
  readonly givenUp: boolean;
}

/** A task that is not run since it expired. */
export interface TaskExpired extends TaskIdentity {
  /** When it did. */
  readonly expires: Date;
}

/** A delivery that is given up. */
export interface TaskRefused {
  /** The task's id, where the message could be read. */
  readonly id: string | undefined;
  /** The task's name, where the message could be read. */
  readonly task: string | undefined;
  /** The queue that it was delivered from. */
  readonly queue: string;
  /** As in the dead letter's header `tq-dead-reason`: `poison`, `unknown-task`, `refused` or `worker-lost`; `failed` where the next try cannot be sent. */
  readonly reason: DeadLetterReason;
  /** What its caller gets. */
  readonly error: RemoteError;
}
