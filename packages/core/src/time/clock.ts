/** Time as the code sees it: injected, so that tests can turn it by hand. */
export interface Clock {
  /** Wall time, milliseconds since the epoch: for the wire and for logs, never for intervals. */
  wallTime(): number;
  /** Monotonic milliseconds: for deadlines and intervals, never for the wire. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`. */
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
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(handle), ref: () => handle.ref(), unref: () => handle.unref() };
  },
};
