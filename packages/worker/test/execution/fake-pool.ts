import type { Job, JobEnd, JobIdentity, ProgressReport, TaskFacts, TqError } from '@tq/core/internal';
import type { Pool } from '../../src/pools/pool.js';

/** A pool whose runs end when the test says so. */
export class FakePool implements Pool {
  readonly kind = 'async';
  readonly slots = 100;
  readonly jobs: Job[] = [];
  readonly givenUp: [id: string, code: string][] = [];
  /** Slots whose child is dead and not replaced yet. */
  broken = 0;
  readonly #open = new Map<string, (end: JobEnd) => void>();
  readonly #reports = new Map<string, ProgressReport | undefined>();
  #freed: () => void = () => undefined;
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  get started(): string[] {
    return this.jobs.map(({ id }) => id);
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  tasks(): readonly string[] {
    return ['fib'];
  }

  factsOf(task: string): TaskFacts | undefined {
    return task === 'limited' ? { limits: { timeLimit: 2_000, softTimeLimit: undefined } } : undefined;
  }

  alive(): number {
    return this.slots - this.broken;
  }

  free(): number {
    return this.#size - this.#open.size - this.broken;
  }

  run(job: Job, done: (end: JobEnd) => void, report?: ProgressReport): void {
    if (this.free() <= 0) throw new Error(`expected a free slot for ${job.id}, found none`);
    this.jobs.push(job);
    this.#open.set(job.id, done);
    this.#reports.set(job.id, report);
  }

  onFree(listener: () => void): void {
    this.#freed = listener;
  }

  giveUp({ id }: JobIdentity, error: TqError): void {
    this.givenUp.push([id, error.code]);
  }

  repair(): void {
    this.broken = 0;
    this.#freed();
  }

  /** The job says that so much of 100 is done, also after its end. */
  progress(id: string, done: number): void {
    this.#reports.get(id)?.({ done, total: 100, message: undefined });
  }

  end(id: string, end: JobEnd = { kind: 'success', resultText: '1' }): void {
    const done = this.#open.get(id);
    if (done === undefined) throw new Error(`expected ${id} to run`);
    this.#open.delete(id);
    done(end);
  }
}
