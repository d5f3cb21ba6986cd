import {
  type Clock,
  Deadlines,
  type Job,
  type JobEnd,
  type JobIdentity,
  type ProgressReport,
  type TaskFacts,
  TqError,
} from '@tq/core/internal';
import { ChildLife, type ChildOwner, type Spawn } from './child-life.js';
import { ChildSlot } from './child-slot.js';
import type { Pool, PoolServices } from './pool.js';
import { type RecyclingLimits, RecyclingRule } from './recycling.js';
import { Standby, sparesFor } from './standby.js';

/** What a pool of children is made of. */
export interface ChildPoolOptions {
  readonly kind: Exclude<Pool['kind'], 'async'>;
  /** Children, one job at a time in each, from 1 on. */
  readonly slots: number;
  /** Starts a child of this kind. */
  readonly spawn: Spawn;
  readonly services: PoolServices;
  readonly clock: Clock;
  /** Uniform in [0, 1), for the backoff of replacements. */
  readonly random: () => number;
  /** How long a child may take to load the task modules, ms. */
  readonly startTimeoutMs: number;
  /** After what a child is replaced. */
  readonly recycling: RecyclingLimits;
  /** How long the slot-stop hooks of a recycled child may take, ms. */
  readonly graceMs: number;
  /** The hard limit of runs whose call and task have none, ms. */
  readonly timeLimitMs: number | undefined;
  /** Replacements that may be starting at a time. */
  readonly startsAtOnce: number;
}

/** Runs jobs in threads or processes, so that a task that computes, blocks or kills its child harms neither heartbeats nor others. */
export class ChildPool implements Pool {
  readonly kind: Pool['kind'];
  readonly slots: number;
  readonly #children: readonly ChildSlot[];
  readonly #standby: Standby;
  readonly #timeLimitMs: number | undefined;
  readonly #listeners: (() => void)[] = [];
  /** What the first child told, for all. */
  #known: Pick<ChildLife, 'tasks' | 'facts'> = { tasks: [], facts: {} };
  #starting: Promise<void> | undefined;

  constructor(options: ChildPoolOptions) {
    this.kind = options.kind;
    this.slots = options.slots;
    const { services, clock, random } = options;
    const { logger } = services;
    const recycling = new RecyclingRule(options.recycling, logger);
    this.#timeLimitMs = options.timeLimitMs;
    const createChild = (owner: ChildOwner) =>
      new ChildLife({ ...options, reportMemory: recycling.needsMemory }, owner);
    const { graceMs, startsAtOnce } = options;
    const spares = sparesFor(options.slots);
    this.#standby = new Standby({ createChild, logger, clock, random, graceMs, spares, startsAtOnce });
    const onReplaced = () => {
      for (const listener of this.#listeners) listener();
    };
    const deadlines = new Deadlines(clock);
    const slot = { createChild, standby: this.#standby, recycling, deadlines, logger, clock, random, onReplaced };
    this.#children = Array.from({ length: options.slots }, () => new ChildSlot(slot));
  }

  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** One child is enough to begin with; the others follow one by one, so that they do not hold up the first task. */
  async #start(): Promise<void> {
    const [first, ...others] = this.#children;
    try {
      await first?.start();
      this.#known = { tasks: first?.child?.tasks ?? [], facts: first?.child?.facts ?? {} };
    } catch (error) {
      await this.stop(0);
      throw error;
    }
    void startOneByOne(others).then(() => {
      if (this.#shortestLimit() < this.#standby.leadMs) this.#standby.keep();
    });
  }

  /** Of the hard limits that are known without a call, ms. */
  #shortestLimit(): number {
    const limits = Object.values(this.#known.facts).map(({ limits: own }) => own?.timeLimit ?? Infinity);
    return Math.min(this.#timeLimitMs ?? Infinity, ...limits);
  }

  tasks(): readonly string[] {
    return this.#known.tasks;
  }

  factsOf(task: string): TaskFacts | undefined {
    return this.#known.facts[task];
  }

  free(): number {
    let free = 0;
    for (const child of this.#children) if (child.idle) free++;
    return free;
  }

  alive(): number {
    return this.#children.filter((child) => child.alive).length;
  }

  run(job: Job, done: (end: JobEnd) => void, report?: ProgressReport): void {
    const child = this.#children.find((candidate) => candidate.idle);
    if (child === undefined) {
      throw new TqError('closed', `Expected a free slot, found none of ${this.slots}; ask free() first.`);
    }
    child.run(job, done, report);
  }

  giveUp(job: JobIdentity, error: TqError): void {
    this.#children.find((child) => child.runs(job))?.giveUp(error);
  }

  onFree(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async stop(graceMs: number): Promise<void> {
    await Promise.all([this.#standby.stop(graceMs), ...this.#children.map((child) => child.stop(graceMs))]);
  }
}

async function startOneByOne(children: readonly ChildSlot[]): Promise<void> {
  for (const child of children) await child.startBehind();
}
