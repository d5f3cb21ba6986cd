import type { Clock } from '../clock.js';
import { WakeUp } from './wake-up.js';

/** Watches that a queue is used: one that nobody uses for so long has to go (x-expires). */
export class Idleness {
  readonly #clock: Clock;
  readonly #limitMs: number | undefined;
  readonly #inUse: () => boolean;
  readonly #onIdle: () => void;
  readonly #wakeUp: WakeUp;
  #lastUsed: number;

  /**
   * @param limitMs undefined watches nothing
   * @param inUse whether the queue is used at this moment
   */
  constructor(clock: Clock, limitMs: number | undefined, inUse: () => boolean, onIdle: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#inUse = inUse;
    this.#onIdle = onIdle;
    this.#wakeUp = new WakeUp(clock, () => this.#check());
    this.#lastUsed = clock.wall();
    if (limitMs !== undefined) this.#wakeUp.by(this.#lastUsed + limitMs);
  }

  /** The queue was used. */
  touch(): void {
    if (this.#limitMs !== undefined) this.#lastUsed = this.#clock.wall();
  }

  stop(): void {
    this.#wakeUp.cancel();
  }

  #check(): void {
    if (this.#limitMs === undefined) return;
    const now = this.#clock.wall();
    const end = (this.#inUse() ? now : this.#lastUsed) + this.#limitMs;
    if (end <= now) this.#onIdle();
    else this.#wakeUp.by(end);
  }
}
