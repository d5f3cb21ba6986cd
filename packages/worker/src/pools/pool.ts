import type { EncodedError, Headers, Logger, Registry, Transport } from '@tq/core/internal';

/** A run of one task, as a pool needs it; plain data, so that it crosses to a thread or a process as it is. */
export interface Job {
  readonly id: string;
  readonly task: string;
  /** 1 on the first try. */
  readonly attempt: number;
  readonly queue: string;
  readonly rootId: string;
  readonly parentId: string | undefined;
  /** The caller's own headers. */
  readonly headers: Headers;
  /** JSON text of `[args, kwargs, embed]`; parsed where the handler runs. */
  readonly bodyText: string;
}

/** How a run ended. */
export type JobEnd =
  /** The handler returned; its value is JSON text. */
  | { readonly kind: 'success'; readonly resultText: string }
  /** The handler threw or rejected, or its result cannot be serialised. */
  | { readonly kind: 'failure'; readonly failure: EncodedError }
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

/** What a pool needs of the worker around it. */
export interface PoolServices {
  readonly logger: Logger;
  /** Carries the calls that tasks make while they run. */
  readonly transport: Transport;
  /** The tasks of the worker's own app, which win over those of other apps in a pool that runs in its process. */
  readonly registry: Registry;
  /** Environment variables for children beside the process's own, so that their apps name queues as the worker's does. */
  readonly childEnv: Readonly<Record<string, string>>;
}

/**
 * Runs jobs in slots, one at a time in each.
 *
 *   created → start() → running → stop() → stopped
 *
 * A slot whose child died is replaced; until the replacement is ready it is not free.
 */
export interface Pool {
  readonly kind: 'async' | 'thread';
  /** Slots in all. */
  readonly slots: number;
  /**
   * Resolves when the first slot can run a job; `onFree` tells of the others. Rejects with `task-load-failed` when the
   * task modules do not load.
   */
  start(): Promise<void>;
  /** Names of the tasks that the children can run, known after `start()`. */
  tasks(): readonly string[];
  /** Slots that can take a job now. */
  free(): number;
  /** Runs a job; needs a free slot. `done` is called exactly once, never before `run` returns. */
  run(job: Job, done: (end: JobEnd) => void): void;
  /** Called whenever a slot becomes free otherwise than by `done`: a further or a replacement child is ready. */
  onFree(listener: () => void): void;
  /**
   * Ends every slot. Running jobs are aborted through their signal, get `graceMs`, then are killed where the pool can;
   * they end as `stopped`.
   */
  stop(graceMs: number): Promise<void>;
}
