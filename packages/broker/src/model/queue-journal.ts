import { NEVER, type QueueEntry } from './queue-entry.js';
import type { Store } from './store.js';

/** What the store is told of one queue. Of a queue that is not durable, and of entries that are not stored, it is told nothing. */
export class QueueJournal {
  readonly #store: Store;
  readonly #queueId: number;
  readonly #durable: boolean;

  constructor(store: Store, queueId: number, durable: boolean) {
    this.#store = store;
    this.#queueId = queueId;
    this.#durable = durable;
  }

  /** Writes an entry. */
  save(entry: QueueEntry): void {
    this.#write(entry, entry.deliveryCount);
  }

  /** An entry has left the queue. */
  remove({ stored, position }: QueueEntry): void {
    if (stored) this.#store.deleteMessage(position);
  }

  /** All entries have left the queue, and it has no others. */
  removeAll(entries: readonly QueueEntry[]): void {
    const positions = storedPositions(entries);
    if (positions.length > 0) this.#store.deleteMessages(this.#queueId, positions);
  }

  /**
   * An entry is delivered: after a crash it is a redelivered one. The first time a mark tells that, which only goes up; a
   * count that is kept is written ahead with the next times, so that it does not start again with each crash.
   */
  delivered(entry: QueueEntry): void {
    const { stored, redelivered, priority, position, deliveryCount } = entry;
    if (!stored) return;
    if (!redelivered) this.#store.saveDelivered(this.#queueId, priority, position);
    else if (deliveryCount > 0) this.#write(entry, deliveryCount + 1);
  }

  /** The queue is gone, with these entries; those that are still delivered follow one by one as they are settled. */
  delete(entries: readonly QueueEntry[]): void {
    if (this.#durable) this.#store.deleteQueue(this.#queueId, storedPositions(entries));
  }

  #write({ stored, position, message, expiresAt }: QueueEntry, deliveryCount: number): void {
    if (!stored) return;
    const lasting = expiresAt === NEVER ? undefined : expiresAt;
    this.#store.saveMessage(this.#queueId, position, { message, expiresAt: lasting, deliveryCount });
  }
}

function storedPositions(entries: readonly QueueEntry[]): readonly number[] {
  return entries.filter(({ stored }) => stored).map(({ position }) => position);
}
