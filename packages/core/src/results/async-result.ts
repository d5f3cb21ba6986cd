import type { TaskProgress } from '../protocol/progress.js';
import type { Deadlines } from '../time/deadlines.js';
import type { ProgressOptions } from './progress-feed.js';
import type { ResultState } from './result-state.js';
import type { Transport } from './transport.js';
import type { WorkflowTree } from './workflow-tree.js';

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
   * Resolves when the broker has confirmed the call; of a later step of a canvas, every call that starts the canvas.
   * Rejects with a `PublishError`: `unroutable`, `publish-nacked`, `publish-timeout`, `publish-aborted`,
   * `message-too-large`, `unserialisable`, `outbox-full`, `queue-missing`, `declaration-conflict`, `invalid-option`,
   * `invalid-args`, `publish-refused`, `route-failed`, `closed`.
   */
  readonly published: Promise<void>;
  /** What it follows in its canvas: a task, or a group all of whose results it gets. Undefined for what comes first. */
  readonly parent: AnyResult | undefined;
  /**
   * Waits for the result; always ends.
   * Rejects with {@link TaskFailedError} when the task failed, or a step before it, which the error names;
   * {@link TaskRevokedError} when it expired; {@link ResultTimeoutError} after the timeout (it may be called again); a
   * `PublishError` when the call was not published; {@link ResultWaitInTaskError} inside a task; and codes
   * `invalid-option`, `unknown-option`, `result-aborted`, `result-forgotten`, `replies-lost`, `closed`.
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
  /**
   * The whole canvas that it is part of, with the states as far as replies have told, as plain data; of another call its one
   * task. Of what a `linkError` names nobody waits for replies: it stays `pending`.
   */
  tree(): WorkflowTree;
  /** Gives the result up, and those of the steps before it: nothing waits for it any more, and a reply that comes is dropped. */
  forget(): void;
}

/** One member of a group that has ended. */
export interface EndedMember<T = unknown> {
  /** Its place in the group, from 0. */
  readonly index: number;
  /** Its result, whose `get()` resolves or rejects at once. */
  readonly result: MemberResult<T>;
}

/**
 * A group that was sent.
 * @typeParam T the list of its members' results
 */
export interface GroupResult<T extends readonly unknown[] = readonly unknown[]> {
  /** Of the group. */
  readonly id: string;
  /** Of its members, in their order; of a member that is a group, or ends in one, that group's. */
  readonly results: { readonly [K in keyof T]: MemberResult<T[K]> };
  /** How many members it has. */
  readonly total: number;
  /** How many of them have ended, in whatever way. */
  completed(): number;
  /** What it follows in its canvas. Undefined for what comes first. */
  readonly parent: AnyResult | undefined;
  /** Resolves when the broker has confirmed every call that starts its canvas; rejects with the first `PublishError`. */
  readonly published: Promise<void>;
  /**
   * Waits for all results, in the order of the members; of none it is an empty list at once. Rejects as soon as a member
   * has failed, with what that failed with; else like {@link AsyncResult.get}.
   */
  get(options?: GetOptions): Promise<T>;
  /** Waits until all members have ended, and tells how each did. Rejects like `get()`, but for members that failed. */
  allSettled(options?: GetOptions): Promise<{ -readonly [K in keyof T]: PromiseSettledResult<T[K]> }>;
  /** Gives the members as they end. The timeout is that of each wait for one more. Fails like `allSettled()`. */
  iterate(options?: GetOptions): AsyncIterableIterator<EndedMember<T[number]>>;
  /** The whole canvas that it is part of; as {@link AsyncResult.tree}. */
  tree(): WorkflowTree;
  /** Gives all results up, and those of the steps before it. */
  forget(): void;
}

/** What a step of a canvas gives: one result, or a group's. */
export type AnyResult = AsyncResult<unknown> | GroupResult;

/** What a member of a group gives: the list of a member that is a group, or ends in one, is that group's. */
export type MemberResult<T> = unknown extends T
  ? AnyResult
  : AsyncResult<T> | (T extends readonly unknown[] ? GroupResult<T> : never);

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
