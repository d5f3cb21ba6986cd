import type { Clock, Timer } from '@tq/core/internal';

/** One timer at most: setting it again replaces it. */
export class OneTimer {
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It is set, and has not fired. */
  get pending(): boolean {
    return this.#timer !== undefined;
  }

  set(delayMs: number, callback: () => void): void {
    this.clear();
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined;
      callback();
    }, delayMs);
  }

  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
