import { NEVER, type QueueEntry } from './queue-entry.js';
import type { Store } from './store.js';

/** What the store is told of one queue. Of a queue that is not durable, and of entries that are not stored, it is told nothing. */
export class QueueJournal {
  readonly #store: Store;
  readonly #queueId: number;
  readonly #durable: boolean;
  #state: 'open' | 'deleted' = 'open';

  constructor(store: Store, queueId: number, durable: boolean) {
    this.#store = store;
    this.#queueId = queueId;
    this.#durable = durable;
  }

  /** Writes an entry, or writes it anew when its delivery count changed. */
  save({ stored, position, message, expiresAt, deliveryCount }: QueueEntry): void {
    if (!stored) return;
    const lasting = expiresAt === NEVER ? undefined : expiresAt;
    this.#store.saveMessage(this.#queueId, position, { message, expiresAt: lasting, deliveryCount });
  }

  /** An entry has left the queue. */
  remove({ stored, position }: QueueEntry): void {
    if (stored && this.#state === 'open') this.#store.deleteMessage(this.#queueId, position);
  }

  /** All entries have left the queue. */
  removeAll(): void {
    if (this.#durable) this.#store.deleteMessages(this.#queueId);
  }

  /** An entry is delivered: after a crash it is a redelivered one. */
  delivered({ stored, priority, position }: QueueEntry): void {
    if (stored && this.#state === 'open') this.#store.saveDelivered(this.#queueId, priority, position);
  }

  /** The queue is gone, with all that it held. */
  delete(): void {
    this.#state = 'deleted';
    if (this.#durable) this.#store.deleteQueue(this.#queueId);
  }
}
