import {
  type Clock,
  type Deadline,
  Deadlines,
  factsOf,
  findTask,
  hasHooks,
  isSameJob,
  type Job,
  type JobEnd,
  type JobIdentity,
  type JobRun,
  type ProgressReport,
  runJob,
  softestLimit,
  type TaskFacts,
  type TimeLimits,
  TqError,
  taskNames,
  within,
} from '@tq/core/internal';
import { loadModules } from '../load-modules.js';
import { LoopWatch } from './loop-watch.js';
import type { Pool, PoolServices } from './pool.js';
import { startSlot, stopSlot } from './slot-hooks.js';
import { guardRejections } from './stray-errors.js';

/** What an async pool is made of. */
export interface AsyncPoolOptions {
  /** Jobs at a time, from 1 on. */
  readonly slots: number;
  /** Task modules, file URLs or absolute paths; none when the program has imported them itself. */
  readonly modules: readonly string[];
  readonly services: PoolServices;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** How long a task may keep the event loop before it is named in the log, ms; 0 never looks. */
  readonly blockedLoopMs: number;
}

interface RunningJob extends JobIdentity {
  readonly task: string;
  run: JobRun | undefined;
  deadline: Deadline | undefined;
  readonly done: (end: JobEnd) => void;
}

/**
 * Runs jobs in the worker's own event loop: for tasks that wait, not for tasks that compute. A task that blocks stalls
 * the heartbeats, and is named in the log; one that never ends cannot be killed, so its hard time limit is a soft one;
 * and an exception that nobody catches ends the worker. Slot hooks run once for the whole pool.
 *
 *   created → running → stopping → stopped
 */
export class AsyncPool implements Pool {
  readonly kind = 'async';
  readonly slots: number;
  readonly #options: AsyncPoolOptions;
  readonly #running = new Set<RunningJob>();
  readonly #deadlines: Deadlines;
  readonly #watch: LoopWatch | undefined;
  /** Tasks whose hard limit was told to be none. */
  readonly #told = new Set<string>();
  #state: 'created' | 'running' | 'stopping' | 'stopped' = 'created';
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #unguard: (() => void) | undefined;
  #drained: (() => void) | undefined;

  constructor(options: AsyncPoolOptions) {
    this.slots = options.slots;
    this.#options = options;
    const { clock, blockedLoopMs: limitMs, services } = options;
    this.#deadlines = new Deadlines(clock);
    if (limitMs > 0) {
      this.#watch = new LoopWatch({ clock, logger: services.logger, limitMs, running: () => this.#running });
    }
  }

  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    await loadModules(this.#options.modules);
    if (this.#state !== 'created') throw stoppedEarly();
    await startSlot();
    if (this.#state !== 'created') {
      await stopSlot(this.#options.services.logger);
      throw stoppedEarly();
    }
    this.#unguard = guardRejections();
    this.#watch?.start();
    this.#state = 'running';
  }

  factsOf(task: string): TaskFacts | undefined {
    const found = findTask(task, this.#options.services.registry);
    return found && factsOf(found);
  }

  tasks(): readonly string[] {
    return taskNames();
  }

  free(): number {
    return this.#state === 'running' ? this.slots - this.#running.size : 0;
  }

  alive(): number {
    return this.#state === 'running' || this.#state === 'stopping' ? this.slots : 0;
  }

  run(job: Job, done: (end: JobEnd) => void, report?: ProgressReport): void {
    if (this.free() === 0)
      throw new TqError('closed', `Expected a free slot, found none of ${this.slots}; ask free() first.`);
    const { id, attempt, queue, task } = job;
    const running: RunningJob = { id, attempt, queue, task, run: undefined, deadline: undefined, done };
    this.#running.add(running);
    running.run =
      this.#watch === undefined
        ? this.#begin(job, running, report)
        : this.#watch.begin(job, () => this.#begin(job, running, report));
    if (job.limits !== undefined && this.#running.has(running)) this.#limit(running, job.limits);
  }

  giveUp(job: JobIdentity, error: TqError): void {
    for (const running of this.#running) if (isSameJob(running, job)) running.run?.abortFor(error);
  }

  #begin(job: Job, running: RunningJob, report: ProgressReport | undefined): JobRun {
    const { services } = this.#options;
    const { logger, registry } = services;
    let returned = false;
    const onEnd = (end: JobEnd) => {
      if (returned) this.#end(running, end);
      else queueMicrotask(() => this.#end(running, end));
    };
    const run = runJob(job, logger, onEnd, registry, this.#options, report);
    returned = true;
    return run;
  }

  /** Nobody can end a task here but itself, so the hard limit tells it to end when there is no soft one before. */
  #limit(running: RunningJob, limits: TimeLimits): void {
    if (limits.timeLimit !== undefined) this.#tellOfHardLimit(running.task, limits.timeLimit);
    const limitMs = softestLimit(limits);
    running.deadline = this.#deadlines.set(limitMs, () => running.run?.exceedSoftLimit(limitMs));
  }

  #tellOfHardLimit(task: string, timeLimit: number): void {
    if (this.#told.has(task)) return;
    this.#told.add(task);
    const text = `task '${task}' has a hard time limit, which an async pool cannot enforce: its signal is aborted, no more; use a thread or process pool`;
    this.#options.services.logger.warn({ task, timeLimit }, text);
  }

  #end(running: RunningJob, end: JobEnd): void {
    // A handler that ends after the cold stop has reported it is too late.
    if (!this.#running.delete(running)) return;
    if (running.deadline !== undefined) this.#deadlines.cancel(running.deadline);
    this.#watch?.ended(running);
    running.done(end);
    if (this.#running.size === 0) this.#drained?.();
  }

  /** A slot here is freed by `done` alone, so the listener is never called. */
  onFree(_listener: () => void): void {}

  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    const started = this.#state === 'running';
    this.#state = 'stopping';
    const { clock } = this.#options;
    const stopBy = clock.monotonic() + graceMs;
    if (this.#running.size > 0) await this.#drain(graceMs);
    const abandoned = this.#running.size > 0;
    for (const running of this.#running) this.#end(running, { kind: 'stopped' });
    // What a task still uses that heeds nothing is not closed under it.
    if (started && !abandoned && hasHooks('slotStop')) await this.#stopHooks(Math.max(0, stopBy - clock.monotonic()));
    this.#watch?.stop();
    this.#unguard?.();
    this.#state = 'stopped';
  }

  async #stopHooks(graceMs: number): Promise<void> {
    const { clock, services } = this.#options;
    if (await within(clock, graceMs, stopSlot(services.logger))) return;
    services.logger.warn({ graceMs }, 'slot-stop hooks took longer than the grace; the pool ends without them');
  }

  async #drain(graceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.setTimer(resolve, graceMs);
      this.#drained = () => {
        timer.cancel();
        resolve();
      };
      for (const { run } of this.#running) run?.abort();
    });
  }
}

function stoppedEarly(): TqError {
  return new TqError('worker-stopped', 'The pool was stopped while it started.');
}
