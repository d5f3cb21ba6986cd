import type { ChangeBatch } from './change-batch.js';

/** Messages that are to be removed. */
interface Sweep {
  readonly positions: readonly number[];
  /** How many have been removed. */
  done: number;
  readonly finish: (batch: ChangeBatch) => void;
}

/** How many rows one batch removes on top of what else it holds: about a millisecond's work on the loop. */
const ROWS_A_BATCH = 1_000;

/**
 * Removes the messages of deleted and purged queues, some with each batch, so that a million of them neither stall the
 * loop nor become one transaction. Whoever has them swept makes sure that they no longer count, so that a crash in
 * between does no harm.
 */
export class MessageSweeper {
  readonly #sweeps = new Set<Sweep>();

  /** There is something to be removed. */
  get isBusy(): boolean {
    return this.#sweeps.size > 0;
  }

  /**
   * Removes messages, after those of earlier calls.
   * @param finish adds what remains to be done to the batch that removes the last of them
   */
  sweep(positions: readonly number[], finish: (batch: ChangeBatch) => void): void {
    this.#sweeps.add({ positions, done: 0, finish });
  }

  /** Adds the next removals to a batch that is about to be written. All earlier batches must have been written. */
  addTo(batch: ChangeBatch): void {
    let room = ROWS_A_BATCH;
    for (const sweep of this.#sweeps) {
      const { positions, done } = sweep;
      const end = Math.min(positions.length, done + room);
      for (let index = done; index < end; index++) batch.removeMessage(positions[index] as number);
      sweep.done = end;
      if (end < positions.length) return;
      sweep.finish(batch);
      this.#sweeps.delete(sweep);
      // The rest of a queue counts like a message, else thousands of empty ones would be one batch.
      room -= end - done + 1;
      if (room <= 0) return;
    }
  }
}
