import { type Clock, type Job, type JobEnd, type JobRun, runJob, TqError, taskNames } from '@tq/core/internal';
import { loadModules } from '../load-modules.js';
import type { Pool, PoolServices } from './pool.js';
import { guardRejections } from './stray-errors.js';

/** What an async pool is made of. */
export interface AsyncPoolOptions {
  /** Jobs at a time, from 1 on. */
  readonly slots: number;
  /** Task modules, file URLs or absolute paths; none when the program has imported them itself. */
  readonly modules: readonly string[];
  readonly services: PoolServices;
  readonly clock: Clock;
}

interface RunningJob {
  run: JobRun | undefined;
  readonly done: (end: JobEnd) => void;
}

/**
 * Runs jobs in the worker's own event loop: for tasks that wait, not for tasks that compute. A task that blocks stalls
 * the heartbeats; one that never ends cannot be killed, and an exception that nobody catches ends the worker.
 *
 *   created → running → stopping → stopped
 */
export class AsyncPool implements Pool {
  readonly kind = 'async';
  readonly slots: number;
  readonly #options: AsyncPoolOptions;
  readonly #running = new Set<RunningJob>();
  #state: 'created' | 'running' | 'stopping' | 'stopped' = 'created';
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #unguard: (() => void) | undefined;
  #drained: (() => void) | undefined;

  constructor(options: AsyncPoolOptions) {
    this.slots = options.slots;
    this.#options = options;
  }

  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    await loadModules(this.#options.modules);
    if (this.#state !== 'created') throw new TqError('worker-stopped', 'The pool was stopped while it started.');
    this.#unguard = guardRejections();
    this.#state = 'running';
  }

  tasks(): readonly string[] {
    return taskNames();
  }

  free(): number {
    return this.#state === 'running' ? this.slots - this.#running.size : 0;
  }

  run(job: Job, done: (end: JobEnd) => void): void {
    if (this.free() === 0)
      throw new TqError('closed', `Expected a free slot, found none of ${this.slots}; ask free() first.`);
    const running: RunningJob = { run: undefined, done };
    this.#running.add(running);
    let returned = false;
    const { logger, registry } = this.#options.services;
    const onEnd = (end: JobEnd) => {
      if (returned) this.#end(running, end);
      else queueMicrotask(() => this.#end(running, end));
    };
    running.run = runJob(job, logger, onEnd, registry);
    returned = true;
  }

  #end(running: RunningJob, end: JobEnd): void {
    // A handler that ends after the cold stop has reported it is too late.
    if (!this.#running.delete(running)) return;
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
    this.#state = 'stopping';
    if (this.#running.size > 0) await this.#drain(graceMs);
    for (const running of this.#running) this.#end(running, { kind: 'stopped' });
    this.#unguard?.();
    this.#state = 'stopped';
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
