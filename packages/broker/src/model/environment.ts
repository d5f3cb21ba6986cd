import type { Clock } from '../clock.js';
import type { MemoryGauge } from './memory-gauge.js';
import type { Store } from './store.js';

/** What all virtual hosts of a broker share. */
export interface Environment {
  readonly clock: Clock;
  readonly store: Store;
  readonly memory: MemoryGauge;
  /** Never the same number twice, over restarts too. */
  nextQueueId(): number;
  /** The place of the next message: above all that were given out before, and that the store knows of. */
  nextPosition(): number;
  /** 22 characters that nobody can guess and nobody had before, for server-made names. */
  randomId(): string;
}
