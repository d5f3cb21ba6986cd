import type { Run } from '../run.js';

/**
 * Slots that one queue has for itself, or that several share: counts who runs and keeps, in order, who waits.
 */
export class SlotGroup {
  readonly capacity: number;
  /** Runs that hold a slot: from their start until they are settled. */
  #busy = 0;
  #waiting: Run[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get busy(): number {
    return this.#busy;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  wait(run: Run): void {
    this.#waiting.push(run);
  }

  /** Takes the first waiting run that may start, with a slot for it; undefined when there is none or no slot. */
  take(mayStart: (run: Run) => boolean): Run | undefined {
    if (this.#busy >= this.capacity || this.#waiting.length === 0) return undefined;
    const index = this.#waiting.findIndex(mayStart);
    if (index < 0) return undefined;
    const [run] = this.#waiting.splice(index, 1);
    this.#busy++;
    return run;
  }

  release(): void {
    this.#busy--;
  }

  /** Takes out every run that waits and fits. */
  removeWaiting(fits: (run: Run) => boolean): Run[] {
    const removed = this.#waiting.filter(fits);
    this.#waiting = this.#waiting.filter((run) => !fits(run));
    return removed;
  }
}
