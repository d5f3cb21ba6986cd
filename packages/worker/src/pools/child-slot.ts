// Longer than most files: one state machine, the life of a child from its start to its end.

import {
  assertNever,
  type Clock,
  createDeferred,
  type Deadlines,
  isSameJob,
  type Job,
  type JobEnd,
  type JobIdentity,
  type Logger,
  type ProgressReport,
  type TaskProgress,
  TimeLimitError,
  type TqError,
} from '@tq/core/internal';
import type { ChildDeath, ChildLife, ChildOwner } from './child-life.js';
import { FirstStart, stoppedEarly } from './first-start.js';
import type { LimitedRun } from './limit-watch.js';
import { OneTimer } from './one-timer.js';
import type { RecyclingRule } from './recycling.js';
import { RestartDelay } from './restart-delay.js';
import { RunningJob } from './running-job.js';
import type { Recyclable, Standby } from './standby.js';
import { Wear } from './wear.js';

/** What a slot is made of. */
export interface ChildSlotOptions {
  readonly createChild: (owner: ChildOwner) => ChildLife;
  readonly standby: Standby;
  readonly recycling: RecyclingRule;
  /** Of the time limits of all slots. */
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Called when the replacement of a dead child is ready. */
  readonly onReplaced: () => void;
}

type State = 'created' | 'starting' | 'idle' | 'busy' | 'vacant' | 'waiting' | 'draining' | 'ending' | 'stopped';

/**
 * One slot: a child, its job, and its replacement when it dies, takes too long or has done enough.
 *
 *   created ─start─▶ starting ─ready─▶ idle ◀─run / end─▶ busy ─given up, or done enough─▶ vacant, or idle again
 *                     ▲    │            │                  │                                └─ adopt ─▶ idle
 *                     │    └────────────┴── child dies ────┤ (job lost)
 *                     └──── delay ── waiting ◀─────────────┘
 *   stop: starting, idle ──▶ ending ─exit─▶ stopped;  created, vacant, waiting ──▶ stopped
 *         busy ──▶ draining ── job ends, or the grace is over ──▶ ending ─exit─▶ stopped
 *
 * A child that is killed under its job, at a hard limit for instance, or takes no more jobs, leaves the slot at once and
 * ends by itself; its place is taken by a spare that is ready, else the slot is vacant until one is. A child that may go
 * on for a while is swapped when the slot is idle, and the state stays idle.
 *
 * The file is long since it has every step of this one drawing; what the steps are made of is in files of its own.
 */
export class ChildSlot implements ChildOwner, LimitedRun, Recyclable {
  readonly #options: ChildSlotOptions;
  #state: State = 'created';
  #life: ChildLife | undefined;
  #running: RunningJob | undefined;
  readonly #wear: Wear;
  /** The child has done enough, and goes on until there is another. */
  #due = false;
  readonly #firstStart = new FirstStart();
  /** Its meaning is the state's. */
  readonly #timer: OneTimer;
  /** When the grace of a stop is over, monotonic ms. */
  #stopBy = 0;
  readonly #restartDelay: RestartDelay;
  readonly #stopped = createDeferred();

  constructor(options: ChildSlotOptions) {
    this.#options = options;
    this.#wear = new Wear(options.recycling, options.clock);
    this.#timer = new OneTimer(options.clock);
    this.#restartDelay = new RestartDelay(options.random);
  }

  get idle(): boolean {
    return this.#state === 'idle';
  }

  /** Its child is there and has loaded its tasks, or gives way to another as it should. */
  get alive(): boolean {
    if (this.#state === 'vacant') return !this.#options.standby.failing;
    return this.#state === 'idle' || this.#state === 'busy' || this.#state === 'draining';
  }

  /** The child, for what it told of itself; undefined between two. */
  get child(): ChildLife | undefined {
    return this.#life;
  }

  /** Resolves when the first child is ready. Rejects with `task-load-failed`, after which the slot is stopped. */
  start(): Promise<void> {
    if (this.#state !== 'created') return Promise.reject(stoppedEarly());
    this.#spawn();
    return this.#firstStart.demand();
  }

  /**
   * Starts the child as if it replaced one that died: when it does not load, it is logged and tried again. Resolves
   * when the first attempt is over, whichever way.
   */
  startBehind(): Promise<void> {
    if (this.#state === 'created') this.#spawn();
    return this.#firstStart.over;
  }

  /** Runs a job; the slot must be idle. */
  run(job: Job, done: (end: JobEnd) => void, report?: ProgressReport): void {
    this.#life?.run(job);
    const { deadlines, standby } = this.#options;
    this.#running = new RunningJob({ job, done, report }, deadlines, this);
    this.#state = 'busy';
    if (this.#wear.begin(standby.leadMs)) standby.expect(this);
  }

  /**
   * Ends the child: when it has no job, at once or with its slot-stop hooks; else after the job, for whose end and the
   * hooks together it has `graceMs`. Resolves when it is gone.
   */
  stop(graceMs: number): Promise<void> {
    this.#options.standby.forget(this);
    switch (this.#state) {
      case 'created':
      case 'vacant':
      case 'waiting':
        this.#finish();
        break;
      case 'starting':
      case 'idle':
        this.#state = 'ending';
        void this.#life?.retire(graceMs);
        break;
      case 'busy':
        this.#drain(graceMs);
        break;
      case 'draining':
      case 'ending':
      case 'stopped':
        break;
      default:
        assertNever(this.#state);
    }
    return this.#stopped.promise;
  }

  ready(): void {
    if (this.#state !== 'starting') return;
    this.#state = 'idle';
    this.#options.standby.learn(this.#life?.startMs);
    if (!this.#firstStart.succeed()) this.#options.onReplaced();
  }

  progressed(progress: TaskProgress): void {
    this.#running?.progressed(progress);
  }

  ended(end: JobEnd, memoryBytes: number | undefined): void {
    const running = this.#takeRunning();
    if (running === undefined) return;
    this.#restartDelay.reset();
    if (this.#state === 'busy') {
      this.#state = 'idle';
      this.#wearOut(memoryBytes);
    } else if (this.#state === 'draining') {
      this.#timer.clear();
      this.#state = 'ending';
      void this.#life?.retire(Math.max(0, this.#stopBy - this.#options.clock.monotonic()));
    }
    running.end(end);
  }

  exited(death: ChildDeath): void {
    const state = this.#state;
    const running = this.#takeRunning();
    this.#life = undefined;
    this.#timer.clear();
    this.#options.standby.forget(this);
    if (state === 'ending' || state === 'draining') {
      if (state === 'draining' || death.error !== undefined) this.#logDeath(death, running?.job);
      this.#finish();
    } else {
      this.#replace(state, death, running?.job);
    }
    running?.end(state === 'ending' ? { kind: 'stopped' } : { kind: 'lost', how: death.reason });
    if (this.#state === 'idle') this.#options.onReplaced();
  }

  softLimit(limitMs: number): void {
    this.#life?.post({ type: 'soft-limit', limitMs });
  }

  /** The spare is wanted before the hard limit, so that it is ready at the limit. */
  get leadMs(): number {
    return this.#options.standby.leadMs;
  }

  /** Where the limit is shorter than a start, the spare comes late this once: it stays for the next such job. */
  hardLimitNears(): void {
    this.#options.standby.expect(this);
  }

  hardLimit(limitMs: number): void {
    if (this.#running !== undefined) this.giveUp(new TimeLimitError(this.#running.job.task, limitMs));
  }

  /** It runs the job of this id. */
  runs(job: JobIdentity): boolean {
    return this.#running !== undefined && isSameJob(this.#running.job, job);
  }

  /** Kills the child under its job, which fails with this error. */
  giveUp(error: TqError): void {
    const life = this.#life;
    if (this.#state !== 'busy' || life === undefined) return;
    const running = this.#takeRunning();
    if (running === undefined) return;
    this.#goOnWith(this.#options.standby.kill(this, life, running.overdue(error)));
    if (this.idle) this.#options.onReplaced();
  }

  swap(next: ChildLife): ChildLife {
    const old = this.#life as ChildLife;
    this.#own(next);
    return old;
  }

  adopt(next: ChildLife): void {
    this.#own(next);
    this.#options.onReplaced();
  }

  #spawn(): void {
    this.#own(this.#options.createChild(this));
  }

  #own(life: ChildLife): void {
    life.owner = this;
    this.#life = life;
    this.#wear.renew();
    this.#due = false;
    this.#state = life.ready ? 'idle' : 'starting';
  }

  /** The child before has left. */
  #goOnWith(next: ChildLife | undefined): void {
    this.#life = undefined;
    if (next === undefined) this.#state = 'vacant';
    else this.#own(next);
  }

  #takeRunning(): RunningJob | undefined {
    const running = this.#running;
    if (running === undefined) return undefined;
    this.#running = undefined;
    if (running.limited) {
      running.unwatch();
      this.#options.standby.relax(this);
    }
    return running;
  }

  #wearOut(memoryBytes: number | undefined): void {
    const { standby } = this.#options;
    const condition = this.#wear.end(memoryBytes);
    switch (condition) {
      case 'good':
        if (this.#due) standby.offer(this);
        return;
      case 'due':
        this.#due = true;
        standby.recycle(this);
        return;
      case 'exhausted':
        this.#goOnWith(standby.retire(this, this.#life as ChildLife));
        return;
      default:
        assertNever(condition);
    }
  }

  #drain(graceMs: number): void {
    this.#state = 'draining';
    this.#stopBy = this.#options.clock.monotonic() + graceMs;
    this.#running?.unwatch();
    this.#life?.post({ type: 'abort' });
    this.#timer.set(graceMs, () => {
      this.#state = 'ending';
      this.#life?.kill();
    });
  }

  #replace(state: State, death: ChildDeath, job: Job | undefined): void {
    if (this.#firstStart.fail(death)) {
      this.#finish();
      return;
    }
    this.#logDeath(death, job);
    if (state === 'busy') {
      const spare = this.#options.standby.take();
      if (spare === undefined) this.#spawn();
      else this.#own(spare);
      return;
    }
    this.#state = 'waiting';
    this.#timer.set(this.#restartDelay.next(), () => this.#spawn());
  }

  #logDeath({ reason, error }: ChildDeath, job: Job | undefined): void {
    const fields = { how: reason, id: job?.id, task: job?.task, err: error };
    const text = job === undefined ? 'A child of the pool died.' : 'A child of the pool died under a task.';
    this.#options.logger.error(fields, `${text} It is replaced unless the pool stops.`);
  }

  #finish(): void {
    this.#timer.clear();
    this.#state = 'stopped';
    this.#firstStart.stop();
    this.#stopped.resolve();
  }
}
