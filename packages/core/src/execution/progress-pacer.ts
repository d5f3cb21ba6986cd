import type { TaskProgress } from '../protocol/progress.js';
import type { Clock, Timer } from '../time/clock.js';

/** Between two words of one task's progress that its caller gets, ms. */
const INTERVAL_MS = 100;

export interface ProgressPacerOptions {
  readonly clock: Clock;
  /** Length of an interval, ms. Default: what a caller is told at most. */
  readonly intervalMs?: number | undefined;
  /** How much goes out in one interval. Default: 1. */
  readonly burst?: number | undefined;
  /** Sends it; a promise while it is under way, during which nothing more goes out. Neither throws nor rejects. */
  readonly send: (progress: TaskProgress) => Promise<unknown> | undefined;
}

/**
 * Thins out what one task says of its progress. What is too much for an interval is held back, the newest of it alone,
 * and goes out when the interval is over, or with the end. A timer runs only while something is held back.
 */
export class ProgressPacer {
  readonly #options: ProgressPacerOptions;
  #held: TaskProgress | undefined;
  #timer: Timer | undefined;
  /** When the next interval begins, monotonic ms. */
  #opensAt = Number.NEGATIVE_INFINITY;
  /** What this interval still takes. */
  #left = 0;
  #sending = false;
  #ended = false;

  constructor(options: ProgressPacerOptions) {
    this.#options = options;
  }

  /** Sends it, now or a little later; nothing after the end. */
  push(progress: TaskProgress): void {
    if (this.#ended) return;
    this.#held = progress;
    this.#pump();
  }

  /** The task has ended: what is held back goes out at once, and nothing after it. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) void this.#options.send(held);
  }

  #pump(): void {
    if (this.#held === undefined || this.#sending) return;
    const { clock, intervalMs = INTERVAL_MS, burst = 1 } = this.#options;
    const now = clock.monotonic();
    if (now >= this.#opensAt) {
      this.#opensAt = now + intervalMs;
      this.#left = burst;
    }
    if (this.#left > 0) this.#send(this.#held);
    else this.#wait(this.#opensAt - now);
  }

  #send(progress: TaskProgress): void {
    this.#held = undefined;
    this.#left--;
    const sent = this.#options.send(progress);
    if (sent === undefined) return;
    this.#sending = true;
    void sent.then(() => {
      this.#sending = false;
      this.#pump();
    });
  }

  #wait(delayMs: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#options.clock.setTimer(() => {
      this.#timer = undefined;
      this.#pump();
    }, delayMs);
    // Whoever waits for the task keeps the process alive.
    this.#timer.unref();
  }
}
