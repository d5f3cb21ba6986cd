import type { Clock, Timer } from '@tq/core/internal';

/**
 * Notices that this process stood still (SIGSTOP, a suspended machine) for so long that the broker may have taken its
 * deliveries away. The end of a connection is only read some turns later, and a run that ends in between must not
 * publish a second reply beside that of the worker that has the task now.
 */
export class FreezeWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #verify: () => Promise<void>;
  #lastLook: number;
  #verifying: Promise<void> | undefined;
  #timer: Timer | undefined;

  /**
   * @param limitMs how long the loop may stand still before the broker is asked; less than two heartbeats, after which
   *   it gives the deliveries away
   * @param verify asks the broker over every channel that delivers, so that the leases tell the truth; never rejects
   */
  constructor(clock: Clock, limitMs: number, verify: () => Promise<void>) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#verify = verify;
    this.#lastLook = clock.monotonic();
  }

  start(): void {
    this.#lastLook = this.#clock.monotonic();
    this.#tick();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Resolves when the leases tell the truth again after a freeze; undefined when they do now. */
  verifying(): Promise<void> | undefined {
    this.#look();
    return this.#verifying;
  }

  #tick(): void {
    this.#timer = this.#clock.setTimer(() => {
      this.#look();
      this.#tick();
    }, this.#limitMs / 2);
    this.#timer.unref();
  }

  /** Whoever looks first after a freeze finds it, be it a timer that fires ahead of all that has arrived meanwhile. */
  #look(): void {
    const now = this.#clock.monotonic();
    const frozen = now - this.#lastLook > this.#limitMs;
    this.#lastLook = now;
    if (!frozen) return;
    const verifying = this.#verify().then(() => {
      if (this.#verifying === verifying) this.#verifying = undefined;
    });
    this.#verifying = verifying;
  }
}
