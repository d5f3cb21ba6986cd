import type { Deadline, Deadlines } from '../time/deadlines.js';
import type { QueueStatus } from './transport.js';

export interface ExpiryWatchOptions {
  /** When it is too late to start the task, ms since the epoch. */
  readonly expires: number;
  /** ms since the epoch. */
  readonly wallTime: () => number;
  readonly deadlines: Deadlines;
  /** The call is in its queue, as far as is known. */
  readonly isPublished: () => boolean;
  /** What the broker says of the task's queue, and whether all replies have come in. */
  readonly ask: () => Promise<QueueStatus | undefined>;
  /** No word of a worker came, and one would have come. Called once at most. */
  readonly onUnstarted: (status: QueueStatus) => void;
}

/** What a worker's word may need after the expiry. */
export const EXPIRY_GRACE_MS = 2_000;

/**
 * Finds out that no worker has started a task in time: the grace after its expiry, unless it is called off by the first
 * word of a worker, which always tells that such a task has started. While the call is not published, the broker cannot be
 * asked or replies do not come in, silence says nothing: then it looks again after another grace.
 */
export class ExpiryWatch {
  readonly #options: ExpiryWatchOptions;
  #state: Deadline | 'asking' | 'over';

  constructor(options: ExpiryWatchOptions) {
    this.#options = options;
    this.#state = this.#lookIn(Math.max(0, options.expires - options.wallTime()) + EXPIRY_GRACE_MS);
  }

  cancel(): void {
    if (typeof this.#state === 'object') this.#options.deadlines.cancel(this.#state);
    this.#state = 'over';
  }

  #lookIn(delayMs: number): Deadline {
    return this.#options.deadlines.set(delayMs, () => this.#look());
  }

  #look(): void {
    const { isPublished, ask } = this.#options;
    if (!isPublished()) {
      this.#state = this.#lookIn(EXPIRY_GRACE_MS);
      return;
    }
    this.#state = 'asking';
    ask().then(
      (status) => this.#answered(status),
      () => this.#answered(undefined),
    );
  }

  #answered(status: QueueStatus | undefined): void {
    if (this.#state === 'over') return;
    if (status?.caughtUp !== true) {
      this.#state = this.#lookIn(EXPIRY_GRACE_MS);
      return;
    }
    this.#state = 'over';
    this.#options.onUnstarted(status);
  }
}
