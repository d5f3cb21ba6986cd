import { type AsyncHook, createHook } from 'node:async_hooks';
import { type Clock, findCurrentTask, type Logger, type Timer } from '@tq/core/internal';

/** A run, as a log line names it. */
export interface NamedRun {
  readonly id: string;
  readonly task: string;
}

export interface LoopWatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a task may keep the loop, ms; longer is logged. */
  readonly limitMs: number;
  /** Runs that go on. */
  readonly running: () => Iterable<NamedRun>;
}

/** Looks within one limit. */
const LOOKS = 4;
/** A stretch that is this share of a standstill is its cause. */
const CAUSE = 0.8;
/** Time from one line about a task to the next about it, ms. */
const QUIET_MS = 10_000;
/** How long continuations are timed after a standstill, ms. */
const ARMED_MS = 300_000;
const MAX_CANDIDATES = 10;
const KEPT = 'kept the event loop, heartbeats and other tasks from running for';
const ADVICE = 'run it in a thread or process pool, or give the loop a turn now and then';
const NEXT_TIME = 'the next time the log tells which one';

/**
 * Names the task that keeps the worker's event loop. That the loop stood still shows in a timer that comes late; whose
 * doing it was, in the stretches between two changes of the running task. The synchronous beginning of every run is timed.
 * Continuations are timed by an asynchronous hook, which costs about 1 µs a task and more, and so only after a first
 * standstill: that one names its task when it was the only one, else all that ran.
 */
export class LoopWatch {
  readonly #options: LoopWatchOptions;
  readonly #lookMs: number;
  /** Runs that have ended since the last look. */
  #ended: NamedRun[] = [];
  #current: NamedRun | undefined;
  #since: number;
  /** The longest stretch of one task since the last look. */
  #longest: { readonly run: NamedRun; readonly ms: number } | undefined;
  #lastLook: number;
  #timer: Timer | undefined;
  #hook: AsyncHook | undefined;
  #armedUntil = 0;
  /** By task; the empty name is for lines that name several. */
  readonly #quiet = new Map<string, { until: number; unsaid: number }>();

  constructor(options: LoopWatchOptions) {
    this.#options = options;
    this.#lookMs = options.limitMs / LOOKS;
    this.#lastLook = options.clock.monotonic();
    this.#since = this.#lastLook;
  }

  start(): void {
    this.#lastLook = this.#options.clock.monotonic();
    this.#enter(undefined);
    this.#wait();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#disarm();
  }

  /** Runs the synchronous beginning of a run. */
  begin<T>(run: NamedRun, body: () => T): T {
    this.#enter(run);
    try {
      return body();
    } finally {
      this.#enter(undefined);
    }
  }

  ended(run: NamedRun): void {
    if (this.#ended.length < MAX_CANDIDATES) this.#ended.push(run);
  }

  #wait(): void {
    this.#timer = this.#options.clock.setTimer(() => {
      this.#look();
      this.#wait();
    }, this.#lookMs);
    this.#timer.unref();
  }

  #enter(run: NamedRun | undefined): void {
    const now = this.#options.clock.monotonic();
    const ms = now - this.#since;
    if (this.#current !== undefined && ms > (this.#longest?.ms ?? 0)) this.#longest = { run: this.#current, ms };
    this.#current = run;
    this.#since = now;
  }

  #look(): void {
    this.#enter(undefined);
    const now = this.#since;
    const stoodStillMs = now - this.#lastLook - this.#lookMs;
    if (stoodStillMs >= this.#options.limitMs) {
      this.#tell(Math.round(stoodStillMs), now);
      this.#arm(now);
    } else if (now > this.#armedUntil) {
      this.#disarm();
    }
    this.#lastLook = now;
    this.#longest = undefined;
    this.#ended = [];
  }

  #tell(stoodStillMs: number, now: number): void {
    const candidates = this.#candidates(stoodStillMs);
    const [only] = candidates;
    if (only === undefined) return;
    const certain = candidates.length === 1;
    const quiet = this.#quiet.get(certain ? only.task : '') ?? { until: now, unsaid: 0 };
    this.#quiet.set(certain ? only.task : '', quiet);
    if (now < quiet.until) {
      quiet.unsaid++;
      return;
    }
    const fields = { blockedMs: stoodStillMs, ...(quiet.unsaid > 0 ? { unsaid: quiet.unsaid } : {}) };
    quiet.until = now + QUIET_MS;
    quiet.unsaid = 0;
    const { logger } = this.#options;
    if (certain) logger.warn({ ...fields, ...only }, `task '${only.task}' ${KEPT} ${stoodStillMs} ms; ${ADVICE}`);
    else logger.warn({ ...fields, candidates }, `one of these tasks ${KEPT} ${stoodStillMs} ms; ${NEXT_TIME}`);
  }

  #candidates(stoodStillMs: number): readonly NamedRun[] {
    const longest = this.#longest;
    const certain = longest !== undefined && longest.ms >= CAUSE * stoodStillMs;
    const named = certain ? [longest.run] : [...this.#ended, ...this.#options.running()].slice(0, MAX_CANDIDATES);
    return named.map(({ id, task }) => ({ id, task }));
  }

  #arm(now: number): void {
    this.#armedUntil = now + ARMED_MS;
    this.#hook ??= createHook({
      before: () => {
        const run = findCurrentTask();
        if (run !== this.#current) this.#enter(run);
      },
    }).enable();
  }

  #disarm(): void {
    this.#hook?.disable();
    this.#hook = undefined;
  }
}
