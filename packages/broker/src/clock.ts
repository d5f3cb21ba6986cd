/** Time as the broker needs it, passed in so that tests may turn it by hand. */

/** A timer that has been set. */
export interface Timer {
  cancel(): void;
}

/** Wall time and timers. */
export interface Clock {
  /** Milliseconds since 1970. */
  wall(): number;
  /** Calls back once, not before `delayMs` have gone by, however long that is. It keeps no process alive. */
  setTimer(callback: () => void, delayMs: number): Timer;
}

/** A clock that reports what a timer's callback throws; with a bare timer, that would end the process. */
export function guardedClock(clock: Clock, onError: (error: unknown) => void): Clock {
  return {
    wall: () => clock.wall(),
    setTimer: (callback, delayMs) =>
      clock.setTimer(() => {
        try {
          callback();
        } catch (error) {
          onError(error);
        }
      }, delayMs),
  };
}

/** The longest delay that Node's timers take; beyond it they fire at once. */
const LONGEST_DELAY_MS = 2_147_483_647;

/** The system's clock. */
export const SYSTEM_CLOCK: Clock = {
  wall: () => Date.now(),
  setTimer: (callback, delayMs) => {
    let timer: NodeJS.Timeout;
    const arm = (rest: number) => {
      timer = setTimeout(
        () => (rest > LONGEST_DELAY_MS ? arm(rest - LONGEST_DELAY_MS) : callback()),
        Math.min(Math.max(Math.ceil(rest), 0), LONGEST_DELAY_MS),
      ).unref();
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
