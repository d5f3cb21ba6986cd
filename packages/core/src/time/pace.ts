import type { Clock } from './clock.js';

/** Lets one thing after another go at a rate, until it is aborted. */
export class Pace {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #signal: AbortSignal | undefined;
  /** When the next may go, on the monotonic clock. */
  #due: number;

  /** @param intervalMs from one to the next; 0 for none */
  constructor(clock: Clock, intervalMs: number, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#signal = signal;
    this.#due = clock.monotonic();
  }

  /** How long it is until the next may go, ms. */
  get waitMs(): number {
    return Math.max(0, this.#due - this.#clock.monotonic());
  }

  /** Resolves when the next may go: with false when it was aborted first. What was late is not made up for. */
  async next(): Promise<boolean> {
    const { waitMs } = this;
    if (waitMs > 0) await this.pause(waitMs);
    this.#due = Math.max(this.#due, this.#clock.monotonic()) + this.#intervalMs;
    return this.#signal?.aborted !== true;
  }

  /** Waits, or until it is aborted. */
  async pause(ms: number): Promise<void> {
    const signal = this.#signal;
    if (signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        timer.cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#clock.setTimer(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    });
  }
}
