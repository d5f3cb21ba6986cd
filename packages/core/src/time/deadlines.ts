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

  /** Calls `expire` once, `delayMs` from now. What it throws is thrown from the timer; the other deadlines go on. */
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
    this.#take(deadline);
  }

  /** Removes a deadline, and its bucket with the last one; false when it is gone already. */
  #take(deadline: Deadline): boolean {
    const entries = this.#buckets.get(deadline.bucket);
    if (entries === undefined || !entries.delete(deadline)) return false;
    if (entries.size === 0) this.#buckets.delete(deadline.bucket);
    return true;
  }

  #arm(bucket: number): void {
    this.#timer?.timer.cancel();
    const delayMs = Math.max(0, bucket * this.#granularityMs - this.#clock.monotonic());
    const timer = this.#clock.setTimer(() => this.#fire(), Math.ceil(delayMs));
    timer.unref();
    this.#timer = { bucket, timer };
  }

  #fire(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic() / this.#granularityMs;
    const due = [...this.#buckets.keys()].filter((bucket) => bucket <= now).sort((a, b) => a - b);
    try {
      for (const bucket of due) {
        for (const deadline of [...(this.#buckets.get(bucket) ?? [])]) {
          // Taken one by one: an earlier callback of this round may have cancelled it.
          if (this.#take(deadline)) deadline.expire();
        }
      }
    } finally {
      // Whatever was thrown above, what is left keeps its timer.
      if (this.#buckets.size > 0) this.#arm(this.#earliest());
    }
  }

  #earliest(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const bucket of this.#buckets.keys()) earliest = Math.min(earliest, bucket);
    return earliest;
  }
}
