import type { Clock, Timer } from '../clock.js';

/**
 * One timer that may be asked for again and again: it is set for the earliest time that was asked for since it last
 * fired. Firing too early is part of the bargain: the callback looks for itself and asks for the next time.
 */
export class WakeUp {
  readonly #clock: Clock;
  readonly #callback: () => void;
  #set: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** @param at wall time in ms; one that has passed means as soon as possible */
  by(at: number): void {
    if (this.#set !== undefined && this.#set.at <= at) return;
    this.#set?.timer.cancel();
    const timer = this.#clock.setTimer(() => {
      this.#set = undefined;
      this.#callback();
    }, at - this.#clock.wall());
    this.#set = { at, timer };
  }

  cancel(): void {
    this.#set?.timer.cancel();
    this.#set = undefined;
  }
}
