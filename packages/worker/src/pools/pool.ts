import type {
  Job,
  JobEnd,
  JobIdentity,
  Logger,
  ProgressReport,
  Registry,
  TaskFacts,
  TqError,
  Transport,
} from '@tq/core/internal';

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
  readonly kind: 'async' | 'thread' | 'process';
  /** Slots in all. */
  readonly slots: number;
  /**
   * Resolves when the first slot can run a job; `onFree` tells of the others. Rejects with `task-load-failed` when the
   * task modules do not load.
   */
  start(): Promise<void>;
  /** Names of the tasks that the children can run, known after `start()`. */
  tasks(): readonly string[];
  /** What a task's definition says; undefined where that is nothing. Known after `start()`. */
  factsOf(task: string): TaskFacts | undefined;
  /** Slots that can take a job now. */
  free(): number;
  /** Slots whose child is alive and ready, working or not. */
  alive(): number;
  /**
   * Runs a job, within its limits; needs a free slot. `done` is called exactly once, never before `run` returns; `report`
   * whenever the job tells of its progress, before `done`.
   */
  run(job: Job, done: (end: JobEnd) => void, report?: ProgressReport): void;
  /**
   * Ends a running job, which then fails with this error: its child is killed and replaced. An async pool can only abort
   * the job's signal with it. Nothing when this one does not run.
   */
  giveUp(job: JobIdentity, error: TqError): void;
  /** Called whenever a slot becomes free otherwise than by `done`: a further or a replacement child is ready. */
  onFree(listener: () => void): void;
  /**
   * Ends every slot, after its slot-stop hooks. Running jobs are aborted through their signal, get `graceMs`, then are killed where the pool can;
   * they end as `stopped`.
   */
  stop(graceMs: number): Promise<void>;
}
