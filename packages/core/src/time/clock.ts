/** Time as the code sees it: injected, so that tests can turn it by hand. */
export interface Clock {
  /** Wall time, milliseconds since the epoch: for the wire and for logs, never for intervals. */
  wallTime(): number;
  /** Monotonic milliseconds: for deadlines and intervals, never for the wire. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`, however long that is. */
  setTimer(callback: () => void, delayMs: number): Timer;
}

/** A timer that is running; `unref` lets the process end although it runs, `ref` takes that back. */
export interface Timer {
  cancel(): void;
  ref(): void;
  unref(): void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  wallTime: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delayMs) {
    if (delayMs > MAX_TIMEOUT_MS) return new LongTimer(callback, delayMs);
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(handle), ref: () => handle.ref(), unref: () => handle.unref() };
  },
};

/** Node runs a callback at once that is set for later than this (2^31 - 1 ms, 24.8 days). */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** A timer that is longer than Node's own: several in a row. */
class LongTimer implements Timer {
  readonly #callback: () => void;
  readonly #due: number;
  #handle: NodeJS.Timeout;

  constructor(callback: () => void, delayMs: number) {
    this.#callback = callback;
    this.#due = performance.now() + delayMs;
    this.#handle = setTimeout(() => this.#next(), MAX_TIMEOUT_MS);
  }

  #next(): void {
    const left = this.#due - performance.now();
    if (left <= 0) {
      this.#callback();
      return;
    }
    const held = this.#handle.hasRef();
    this.#handle = setTimeout(() => this.#next(), Math.min(left, MAX_TIMEOUT_MS));
    if (!held) this.#handle.unref();
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  ref(): void {
    this.#handle.ref();
  }

  unref(): void {
    this.#handle.unref();
  }
}
