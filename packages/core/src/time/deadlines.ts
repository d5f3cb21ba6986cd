import type { Clock, Timer } from './clock.js';

/** A deadline that was set; opaque, kept only to cancel it. */
export interface Deadline {
  readonly bucket: number;
  readonly expire: () => void;
}

/**
 * Many deadlines on one timer. They are kept in buckets of `granularityMs`, so that setting and cancelling cost a
 * set insertion and no timer; a deadline fires up to one granule late and never early.
 *
 * A timer whose bucket was emptied runs on and finds nothing, which is cheaper than one stopped and started a call.
 * It is unref'd: a deadline alone never keeps a process alive, whoever waits holds its connection.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #granularityMs: number;
  readonly #buckets = new Map<number, Set<Deadline>>();
  #timer: { readonly bucket: number; readonly timer: Timer } | undefined;

  constructor(clock: Clock, granularityMs = 10) {
    this.#clock = clock;
    this.#granularityMs = granularityMs;
  }

  /** Calls `expire` once, `delayMs` from now. */
  set(delayMs: number, expire: () => void): Deadline {
    const bucket = Math.ceil((this.#clock.monotonic() + delayMs) / this.#granularityMs);
    const deadline = { bucket, expire };
    const entries = this.#buckets.get(bucket);
    if (entries === undefined) {
      this.#buckets.set(bucket, new Set([deadline]));
      if (this.#timer === undefined || bucket < this.#timer.bucket) this.#arm(bucket);
    } else {
      entries.add(deadline);
    }
    return deadline;
  }

  /** Forgets a deadline; one that has fired or was cancelled is ignored. */
  cancel(deadline: Deadline): void {
    const entries = this.#buckets.get(deadline.bucket);
    if (entries === undefined) return;
    entries.delete(deadline);
    if (entries.size === 0) this.#buckets.delete(deadline.bucket);
  }

  #arm(bucket: number): void {
    this.#timer?.timer.cancel();
    const delayMs = Math.max(0, bucket * this.#granularityMs - this.#clock.monotonic());
    const timer = this.#clock.setTimer(() => this.#fire(), Math.min(Math.ceil(delayMs), MAX_TIMER_MS));
    timer.unref();
    this.#timer = { bucket, timer };
  }

  #fire(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic() / this.#granularityMs;
    const due = [...this.#buckets.keys()].filter((bucket) => bucket <= now).sort((a, b) => a - b);
    for (const bucket of due) {
      const entries = this.#buckets.get(bucket);
      this.#buckets.delete(bucket);
      for (const deadline of entries ?? []) deadline.expire();
    }
    if (this.#buckets.size > 0) this.#arm(Math.min(...this.#buckets.keys()));
  }
}

/** Node runs a longer timer at once (2^31 - 1 ms); the wheel just looks again then. */
const MAX_TIMER_MS = 2_147_483_647;
