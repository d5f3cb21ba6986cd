import type { Clock, Timer } from '../time/clock.js';

interface ManualTimer extends Timer {
  readonly due: number;
  readonly callback: () => void;
  referenced: boolean;
}

/** A clock that a test turns by hand: timers fire inside `advance`, in the order of their due times. */
export class ManualClock implements Clock {
  readonly #timers = new Set<ManualTimer>();
  #wall: number;
  #now = 0;

  /** @param wallTime ms since the epoch at the start */
  constructor(wallTime = Date.UTC(2026, 0, 1)) {
    this.#wall = wallTime;
  }

  wallTime(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#now;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer: ManualTimer = {
      due: this.#now + Math.max(0, delayMs),
      callback,
      referenced: true,
      cancel: () => void this.#timers.delete(timer),
      ref: () => {
        timer.referenced = true;
      },
      unref: () => {
        timer.referenced = false;
      },
    };
    this.#timers.add(timer);
    return timer;
  }

  /** Lets this much time pass, and fires what falls due, timers set on the way included. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#pass(Math.max(0, next.due - this.#now));
      next.callback();
    }
    this.#pass(end - this.#now);
  }

  /** Timers that run. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Timers that run and keep a process alive. */
  get referencedTimers(): number {
    return [...this.#timers].filter((timer) => timer.referenced).length;
  }

  /** The earliest timer that is due by then; of two that are due at once, the one that was set first. */
  #next(end: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }

  #pass(ms: number): void {
    this.#now += ms;
    this.#wall += ms;
  }
}
