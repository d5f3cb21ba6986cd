import type { TaskProgress } from '../protocol/progress.js';
import type { Deadlines } from '../time/deadlines.js';
import type { ProgressOptions } from './progress-feed.js';
import type { Transport } from './transport.js';

/**
 * What is known of a task, honestly:
 * `pending` not confirmed yet · `published` in its queue · `received`, `started`, `retry` where the worker tells ·
 * `success`, `failure`, `revoked` the end · `skipped` it never runs, since what it was to follow failed ·
 * `unknown` the publish failed, or its replies may be lost.
 */
export type ResultState =
  | 'pending'
  | 'published'
  | 'received'
  | 'started'
  | 'retry'
  | 'success'
  | 'failure'
  | 'revoked'
  | 'skipped'
  | 'unknown';

/** How to wait for a result. */
export interface GetOptions {
  /** How long to wait, ms. Default: the app's `resultTimeout` (60 s). */
  readonly timeout?: number | undefined;
  /** Ends the wait, not the task. */
  readonly signal?: AbortSignal | undefined;
  /** Wait although this is a task, which can deadlock a full pool. Default: false. */
  readonly allowInTask?: boolean | undefined;
}

/** A call that was made: its publish and its result. */
export interface AsyncResult<T> {
  /** The task's id, a UUID unless the caller chose it. */
  readonly id: string;
  /** What is known of the task now. */
  readonly state: ResultState;
  /**
   * Resolves when the broker has confirmed the call. Rejects with a `PublishError`: `unroutable`,
   * `publish-nacked`, `publish-timeout`, `publish-aborted`, `message-too-large`, `unserialisable`, `outbox-full`,
   * `queue-missing`, `declaration-conflict`, `invalid-option`, `invalid-args`, `publish-refused`, `route-failed`,
   * `closed`.
   */
  readonly published: Promise<void>;
  /**
   * Waits for the result; always ends.
   * Rejects with {@link TaskFailedError} when the task failed, {@link TaskRevokedError} when it expired, {@link ResultTimeoutError} after the timeout (it may be
   * called again), a `PublishError` when the call was not published, {@link ResultWaitInTaskError} inside a
   * task, and codes `invalid-option`, `unknown-option`, `result-aborted`, `result-forgotten`, `replies-lost`, `closed`.
   */
  get(options?: GetOptions): Promise<T>;
  /**
   * What the task says of its progress, `for await (const { done, total } of result.progress())`: the newest to whoever
   * is slow, the newest at once to whoever comes late, and anew from the start when the task is tried again. Ends with
   * the task, however that ends: `get()` tells. Any number may read.
   * Throws {@link ResultWaitInTaskError} inside a task, and codes `unknown-option` and `result-forgotten` (the call asked
   * for no result); an iteration fails with `result-aborted` by its signal.
   */
  progress(options?: ProgressOptions): AsyncIterable<TaskProgress>;
  /** Gives the result up: nothing waits for it any more, and a reply that comes is dropped. */
  forget(): void;
}

/** What results need of their app. */
export interface ResultServices {
  readonly transport: Transport;
  readonly deadlines: Deadlines;
  /** For expiries, which may be long ahead and as many as there are calls: coarse. */
  readonly expiries: Deadlines;
  /** ms since the epoch. */
  readonly wallTime: () => number;
  readonly resultTimeoutMs: number;
  /** Name of the task that runs here, or undefined outside one. */
  runningTask(): string | undefined;
  /** Told of a publish that failed while nobody awaited it. */
  unobservedFailure(taskId: string, task: string, error: Error): void;
}

/** What was called, for error texts. */
export interface CallFacts {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  /** The exchange that it went to instead, as the caller named it. */
  readonly exchange?: string | undefined;
  readonly ignoreResult: boolean;
  /** When the task may start, where it is delayed, ms since the epoch. */
  readonly eta?: number | undefined;
  /** When it is too late to start it, where there is such a time, ms since the epoch. */
  readonly expires?: number | undefined;
}
