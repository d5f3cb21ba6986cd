import type { Deadline, Deadlines, TimeLimits } from '@tq/core/internal';

/** Who runs a job that has time limits, and is told when each has come. */
export interface LimitedRun {
  /** How long before its hard limit it is told that it nears, ms. */
  readonly leadMs: number;
  softLimit(limitMs: number): void;
  hardLimitNears(): void;
  hardLimit(limitMs: number): void;
}

/** Watches the limits of one run, from now on until it is cancelled, on the deadlines that all runs share. */
export class LimitWatch {
  readonly #deadlines: Deadlines;
  readonly #set: Deadline[] = [];

  constructor({ timeLimit, softTimeLimit }: TimeLimits, deadlines: Deadlines, run: LimitedRun) {
    this.#deadlines = deadlines;
    if (softTimeLimit !== undefined) this.#at(softTimeLimit, () => run.softLimit(softTimeLimit));
    if (timeLimit === undefined) return;
    this.#at(Math.max(0, timeLimit - run.leadMs), () => run.hardLimitNears());
    this.#at(timeLimit, () => run.hardLimit(timeLimit));
  }

  cancel(): void {
    for (const deadline of this.#set) this.#deadlines.cancel(deadline);
  }

  #at(delayMs: number, reached: () => void): void {
    this.#set.push(this.#deadlines.set(delayMs, reached));
  }
}
