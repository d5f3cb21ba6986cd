import { fullJitter } from '@tq/core/internal';

/** The first replacement comes at once. */
const RESTART = { baseMs: 200, maxMs: 10_000 };

/** How long to wait before a child is replaced that died without having done anything: it may well happen again, and no hot loop. */
export class RestartDelay {
  readonly #random: () => number;
  /** In a row. */
  #deaths = 0;

  /** @param random uniform in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** A child has done something. */
  reset(): void {
    this.#deaths = 0;
  }

  /** One has died, ms. */
  next(): number {
    const delay = this.#deaths === 0 ? 0 : fullJitter(this.#deaths - 1, RESTART, this.#random());
    this.#deaths++;
    return delay;
  }
}
