import type { ChangeBatch } from './change-batch.js';
import { messageRange, positionOf, queueKey, queueRowsRange } from './keys.js';
import type { LmdbFile } from './lmdb-file.js';
import { recordEpoch } from './message-record.js';

/** How often a queue was purged, and whether messages from before the last time are still on disk. */
export interface Purges {
  readonly epoch: number;
  readonly unswept: boolean;
}

/** How many rows one batch removes on top of what else it holds: about a millisecond's work on the loop. */
const ROWS_A_BATCH = 500;

/** Writes a queue's purges: the epoch (u32), then 1 while there is something to be swept. */
export function encodePurges({ epoch, unswept }: Purges): Buffer {
  const row = Buffer.alloc(5);
  row.writeUInt32BE(epoch, 0);
  row[4] = unswept ? 1 : 0;
  return row;
}

/** Reads a queue's purges. @throws when the bytes are none */
export function decodePurges(row: Buffer): Purges {
  return { epoch: row.readUInt32BE(0), unswept: row.readUInt8(4) === 1 };
}

/** What is left to do in one queue: all of its rows go, or its messages from before an epoch, from a position on. */
type Task = { readonly rows: 'all' } | { readonly rows: 'purged'; readonly epoch: number; readonly from: number };

/**
 * Removes the rows of deleted and purged queues, some with each batch, so that a million messages neither stall the loop
 * nor become one transaction. From the caller's batch on nothing of them counts: a deleted queue has no definition, and
 * its id is never used again; each message carries the epoch of its queue, the number of purges before it. Thus a crash
 * in between leaves rows that are ignored, and swept from the next start on.
 */
export class QueueSweeper {
  readonly #file: LmdbFile;
  readonly #tasks = new Map<number, Task>();

  constructor(file: LmdbFile) {
    this.#file = file;
  }

  /** There is something to be removed. */
  get isBusy(): boolean {
    return this.#tasks.size > 0;
  }

  /** Removes everything that a queue had. */
  sweepQueue(queueId: number): void {
    this.#tasks.set(queueId, { rows: 'all' });
  }

  /** Removes the messages of a queue that came before its purge number `epoch`. */
  sweepPurged(queueId: number, epoch: number): void {
    this.#tasks.set(queueId, { rows: 'purged', epoch, from: 0 });
  }

  /** Adds the next removals to a batch that is about to be written. All earlier batches must have been written. */
  addTo(batch: ChangeBatch): void {
    let room = ROWS_A_BATCH;
    for (const [queueId, task] of this.#tasks) {
      if (room === 0) return;
      room -= task.rows === 'all' ? this.#sweepAll(batch, queueId, room) : this.#sweepSome(batch, queueId, task, room);
    }
  }

  #sweepAll(batch: ChangeBatch, queueId: number, room: number): number {
    let found = 0;
    for (const key of this.#file.keys({ ...messageRange(queueId), limit: room })) {
      batch.sweepMessage(queueId, positionOf(key));
      found += 1;
    }
    if (found === room) return found;
    for (const key of this.#file.keys(queueRowsRange(queueId))) batch.remove(key);
    this.#tasks.delete(queueId);
    return found;
  }

  #sweepSome(batch: ChangeBatch, queueId: number, task: Task & { readonly rows: 'purged' }, room: number): number {
    let found = 0;
    let last = task.from;
    for (const { key, value } of this.#file.rows({ ...messageRange(queueId, task.from), limit: room })) {
      last = positionOf(key);
      if (value.length < 4 || recordEpoch(value) < task.epoch) batch.sweepMessage(queueId, last);
      found += 1;
    }
    if (found === room) {
      this.#tasks.set(queueId, { ...task, from: last + 1 });
      return found;
    }
    batch.put(queueKey(queueId, { part: 'purges' }), encodePurges({ epoch: task.epoch, unswept: false }));
    this.#tasks.delete(queueId);
    return found;
  }
}
