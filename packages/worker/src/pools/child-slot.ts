import {
  assertNever,
  type Clock,
  type Deadlines,
  encodeError,
  fullJitter,
  type Job,
  type JobEnd,
  type Logger,
  TimeLimitError,
  type Timer,
  TqError,
} from '@tq/core/internal';
import { type ChildDeath, type ChildLife, type ChildOwner, loadFailed } from './child-life.js';
import { createDeferred, type Deferred } from './deferred.js';
import { type LimitedRun, LimitWatch } from './limit-watch.js';
import type { RecyclingRule } from './recycling.js';
import type { Recyclable, Standby } from './standby.js';

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

type State =
  | 'created'
  | 'starting'
  | 'idle'
  | 'busy'
  | 'exhausted'
  | 'overdue'
  | 'waiting'
  | 'draining'
  | 'ending'
  | 'stopped';

interface RunningJob {
  readonly job: Job;
  readonly done: (end: JobEnd) => void;
  readonly limits: LimitWatch | undefined;
  /** The hard limit that it has passed, ms. */
  exceededMs: number | undefined;
}

/** Delay before a child is replaced that died without having done anything; the first replacement comes at once. */
const REPLACE = { baseMs: 200, maxMs: 10_000 };

/**
 * One slot: a child, its job, and its replacement when it dies, takes too long or has done enough.
 *
 *   created ─start─▶ starting ─ready─▶ idle ◀─run / end─▶ busy ─hard limit─▶ overdue (the child is killed)
 *                     ▲    │            │                  │                  │
 *                     │    └────────────┴── child dies ────┤ (job lost)       │ (job failed)
 *                     └──── delay ── waiting ◀─────────────┴──────────────────┘
 *   stop: starting, idle, overdue ──▶ ending ─exit─▶ stopped;  created, waiting ──▶ stopped
 *         busy ──▶ draining ── job ends, or the grace is over ──▶ ending ─exit─▶ stopped
 *
 * A child that has done enough is swapped for the standby's while the slot is idle, and its state stays idle. One that
 * holds far too much memory takes no more jobs until then: the slot is exhausted.
 */
export class ChildSlot implements ChildOwner, LimitedRun, Recyclable {
  readonly #options: ChildSlotOptions;
  #state: State = 'created';
  #life: ChildLife | undefined;
  #running: RunningJob | undefined;
  /** Jobs that the child has ended. */
  #jobs = 0;
  /** The child has done enough. */
  #due = false;
  /** Set until the first child is ready. */
  #starting: Deferred | undefined;
  /** The slot has one timer, whose meaning is the state's. */
  #timer: Timer | undefined;
  /** When the grace of a stop is over, monotonic ms. */
  #stopBy = 0;
  /** Children in a row that died before they had ended a job. */
  #idleDeaths = 0;
  readonly #firstAttempt = createDeferred();
  readonly #stopped = createDeferred();

  constructor(options: ChildSlotOptions) {
    this.#options = options;
  }

  get idle(): boolean {
    return this.#state === 'idle';
  }

  /** Its child is there and has loaded its tasks. */
  get alive(): boolean {
    return this.#state === 'idle' || this.#state === 'busy' || this.#state === 'draining';
  }

  get swappable(): boolean {
    return this.#state === 'idle' || this.#state === 'exhausted';
  }

  get exhausted(): boolean {
    return this.#state === 'exhausted';
  }

  /** The child, for what it told of itself; undefined between two. */
  get child(): ChildLife | undefined {
    return this.#life;
  }

  /** Resolves when the first child is ready. Rejects with `task-load-failed`, after which the slot is stopped. */
  start(): Promise<void> {
    if (this.#state !== 'created') return Promise.reject(stoppedEarly());
    this.#starting = createDeferred();
    this.#spawn();
    return this.#starting.promise;
  }

  /**
   * Starts the child as if it replaced one that died: when it does not load, it is logged and tried again. Resolves
   * when the first attempt is over, whichever way.
   */
  startBehind(): Promise<void> {
    if (this.#state === 'created') this.#spawn();
    return this.#firstAttempt.promise;
  }

  /** Runs a job; the slot must be idle. */
  run(job: Job, done: (end: JobEnd) => void): void {
    this.#life?.run(job);
    const limits = job.limits === undefined ? undefined : new LimitWatch(job.limits, this.#options.deadlines, this);
    this.#running = { job, done, limits, exceededMs: undefined };
    this.#state = 'busy';
  }

  /**
   * Ends the child: when it has no job, at once or with its slot-stop hooks; else after the job, for whose end and the
   * hooks together it has `graceMs`. Resolves when it is gone.
   */
  stop(graceMs: number): Promise<void> {
    this.#options.standby.forget(this);
    switch (this.#state) {
      case 'created':
      case 'waiting':
        this.#finish();
        break;
      case 'starting':
      case 'idle':
      case 'exhausted':
      case 'overdue':
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
    this.#firstAttempt.resolve();
    const starting = this.#starting;
    this.#starting = undefined;
    if (starting === undefined) this.#options.onReplaced();
    else starting.resolve();
  }

  /** A job that ends after it was found to be overdue, and before its child is gone, has ended so. */
  ended(end: JobEnd, memoryBytes: number | undefined): void {
    const running = this.#takeRunning();
    if (running === undefined) return;
    this.#idleDeaths = 0;
    if (this.#state === 'busy') {
      this.#state = 'idle';
      this.#recycleWhenDue(memoryBytes);
    } else if (this.#state === 'draining') {
      this.#clearTimer();
      this.#state = 'ending';
      void this.#life?.retire(Math.max(0, this.#stopBy - this.#options.clock.monotonic()));
    }
    running.done(end);
  }

  exited(death: ChildDeath): void {
    const state = this.#state;
    const running = this.#takeRunning();
    this.#life = undefined;
    this.#clearTimer();
    this.#firstAttempt.resolve();
    if (this.#due) this.#options.standby.forget(this);
    if (state === 'ending' || state === 'draining') {
      if (state === 'draining' || death.error !== undefined) this.#logDeath(death, running?.job);
      this.#finish();
    } else {
      this.#replace(state, death, running?.job);
    }
    running?.done(endOf(running, state, death));
    if (this.#state === 'idle') this.#options.onReplaced();
  }

  softLimit(limitMs: number): void {
    this.#life?.post({ type: 'soft-limit', limitMs });
  }

  /** The spare is wanted before the hard limit, so that it is ready at the limit. */
  get leadMs(): number {
    return this.#options.standby.leadMs;
  }

  hardLimitNears(): void {
    this.#options.standby.prepare();
  }

  hardLimit(limitMs: number): void {
    if (this.#state !== 'busy' || this.#running === undefined) return;
    this.#running.exceededMs = limitMs;
    this.#state = 'overdue';
    this.#life?.kill();
  }

  swap(next: ChildLife): ChildLife {
    const old = this.#life as ChildLife;
    const { exhausted } = this;
    this.#adopt(next);
    if (exhausted) this.#options.onReplaced();
    return old;
  }

  #spawn(): void {
    this.#adopt(this.#options.createChild(this));
  }

  #adopt(life: ChildLife): void {
    life.owner = this;
    this.#life = life;
    this.#jobs = 0;
    this.#due = false;
    this.#state = life.ready ? 'idle' : 'starting';
  }

  #takeRunning(): RunningJob | undefined {
    const running = this.#running;
    this.#running = undefined;
    running?.limits?.cancel();
    return running;
  }

  #recycleWhenDue(memoryBytes: number | undefined): void {
    const { standby, recycling } = this.#options;
    this.#jobs++;
    if (this.#due) {
      standby.offer(this);
    } else if (recycling.isDue(this.#jobs, memoryBytes)) {
      this.#due = true;
      standby.recycle(this);
    }
    if (this.#due && recycling.isExhausted(memoryBytes)) this.#state = 'exhausted';
  }

  #drain(graceMs: number): void {
    this.#state = 'draining';
    this.#stopBy = this.#options.clock.monotonic() + graceMs;
    this.#running?.limits?.cancel();
    this.#life?.post({ type: 'abort' });
    this.#setTimer(graceMs, () => {
      this.#state = 'ending';
      this.#life?.kill();
    });
  }

  #replace(state: State, death: ChildDeath, job: Job | undefined): void {
    if (this.#starting !== undefined) {
      this.#starting.reject(death.error ?? loadFailed(`the child ended while it loaded them (${death.reason})`));
      this.#starting = undefined;
      this.#finish();
      return;
    }
    if (state !== 'overdue') this.#logDeath(death, job);
    if (state === 'busy' || state === 'overdue') {
      const { standby } = this.#options;
      const spare = state === 'overdue' ? standby.takeAtLimit() : standby.take();
      if (spare === undefined) this.#spawn();
      else this.#adopt(spare);
      return;
    }
    // Nothing was achieved since the last start, so it may well happen again: no hot loop.
    const delay = this.#idleDeaths === 0 ? 0 : fullJitter(this.#idleDeaths - 1, REPLACE, this.#options.random());
    this.#idleDeaths++;
    this.#state = 'waiting';
    this.#setTimer(delay, () => this.#spawn());
  }

  #logDeath({ reason, error }: ChildDeath, job: Job | undefined): void {
    const fields = { how: reason, id: job?.id, task: job?.task, err: error };
    const text = job === undefined ? 'A child of the pool died.' : 'A child of the pool died under a task.';
    this.#options.logger.error(fields, `${text} It is replaced unless the pool stops.`);
  }

  #finish(): void {
    this.#clearTimer();
    this.#state = 'stopped';
    this.#firstAttempt.resolve();
    this.#starting?.reject(stoppedEarly());
    this.#starting = undefined;
    this.#stopped.resolve();
  }

  #setTimer(delayMs: number, callback: () => void): void {
    this.#clearTimer();
    this.#timer = this.#options.clock.setTimer(callback, delayMs);
  }

  #clearTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** How a job ended whose child is gone without having told. */
function endOf({ job, exceededMs }: RunningJob, state: State, { reason }: ChildDeath): JobEnd {
  if (exceededMs !== undefined) {
    const { error } = encodeError(new TimeLimitError(job.task, exceededMs));
    return { kind: 'failure', failure: { error, traceback: null } };
  }
  return state === 'ending' ? { kind: 'stopped' } : { kind: 'lost', how: reason };
}

function stoppedEarly(): TqError {
  return new TqError('worker-stopped', 'The pool was stopped before it had started.');
}
