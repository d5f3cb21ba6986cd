import type { Clock } from '@tq/core/internal';
import { type Condition, isLimitNear, type RecyclingRule } from './recycling.js';

/** How much the last job counts in the time that one takes. */
const LATEST = 0.2;

/** What a slot knows of its child's use: how many jobs, and how long one takes, where a limit of jobs needs to know. */
export class Wear {
  readonly #rule: RecyclingRule;
  readonly #clock: Clock;
  #jobs = 0;
  #jobMs: number | undefined;
  #startedAt = 0;

  constructor(rule: RecyclingRule, clock: Clock) {
    this.#rule = rule;
    this.#clock = clock;
  }

  /** The slot has another child. Its jobs will take as long as those before. */
  renew(): void {
    this.#jobs = 0;
  }

  /**
   * A job starts. Tells whether the child's replacement has to be started too.
   * @param leadMs how long before it is needed a replacement must be started
   */
  begin(leadMs: number): boolean {
    const { maxTasks } = this.#rule;
    if (maxTasks === undefined) return false;
    this.#startedAt = this.#clock.monotonic();
    return isLimitNear(maxTasks - this.#jobs, this.#jobMs, leadMs);
  }

  /** The job has ended, and the child holds so much by now. */
  end(memoryBytes: number | undefined): Condition {
    this.#jobs++;
    if (this.#rule.maxTasks !== undefined) this.#learn(this.#clock.monotonic() - this.#startedAt);
    return this.#rule.judge(this.#jobs, memoryBytes);
  }

  #learn(tookMs: number): void {
    this.#jobMs = this.#jobMs === undefined ? tookMs : this.#jobMs + LATEST * (tookMs - this.#jobMs);
  }
}
