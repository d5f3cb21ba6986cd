import type { Clock, Timer } from '@tq/core/internal';

/**
 * Notices that this process stood still (SIGSTOP, a suspended machine) for so long that the broker may have taken its
 * deliveries away. The end of a connection is only read some turns later, and a run that ends in between must not
 * publish a second reply beside that of the worker that has the task now.
 */
export class FreezeWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #verify: (queue: string) => Promise<void>;
  #lastTick: number;
  #timer: Timer | undefined;

  /**
   * @param limitMs how long the loop may stand still; the broker gives up after two heartbeats
   * @param verify asks the broker over the channel that delivers from a queue, so that its leases tell the truth
   */
  constructor(clock: Clock, limitMs: number, verify: (queue: string) => Promise<void>) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#verify = verify;
    this.#lastTick = clock.monotonic();
  }

  start(): void {
    this.#lastTick = this.#clock.monotonic();
    this.#timer = this.#clock.setTimer(() => this.start(), this.#limitMs / 2);
    this.#timer.unref();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  wasFrozen(): boolean {
    return this.#clock.monotonic() - this.#lastTick > this.#limitMs;
  }

  verify(queue: string): Promise<void> {
    return this.#verify(queue);
  }
}
