import type { StoredMessage } from '../model/store.js';

/** What a batch is written to, in one transaction. Keys and values may be overwritten after the call. */
export interface BatchTarget {
  put(key: Buffer, value: Buffer): void;
  remove(key: Buffer): void;
  putMessage(queueId: number, position: number, message: StoredMessage): void;
  removeMessage(queueId: number, position: number): void;
}

/** What changes in one queue: messages to be written (or, undefined, removed), and how far it was delivered. */
interface QueueChanges {
  readonly messages: Map<number, StoredMessage | undefined>;
  readonly delivered: Map<number, number>;
  /** Positions whose first change was not a new message, so that the files may hold one. */
  readonly onDisk: Set<number>;
}

/**
 * The changes of one or several turns, gathered until they become a transaction. Of several changes to one row the last
 * one counts; a message that came and went within the batch leaves no trace.
 */
export class ChangeBatch {
  readonly #rows = new Map<string, { readonly key: Buffer; readonly value: Buffer | undefined }>();
  readonly #queues = new Map<number, QueueChanges>();
  /** The queue of the last change: most changes follow one in the same queue. */
  #lastId = -1;
  #last: QueueChanges | undefined;
  readonly #whenFlushed: (() => void)[] = [];

  /** Holds nothing: no changes, and nobody who waits for them. */
  get isEmpty(): boolean {
    return !this.hasChanges && this.#whenFlushed.length === 0;
  }

  /** There is something to be written. */
  get hasChanges(): boolean {
    if (this.#rows.size > 0) return true;
    for (const { messages, delivered } of this.#queues.values()) if (messages.size + delivered.size > 0) return true;
    return false;
  }

  /** Writes a row. */
  put(key: Buffer, value: Buffer): void {
    this.#rows.set(key.toString('latin1'), { key, value });
  }

  /** Removes a row. */
  remove(key: Buffer): void {
    this.#rows.set(key.toString('latin1'), { key, value: undefined });
  }

  /** Writes a message. One that was never given back is taken for a new one, which the files do not hold yet. */
  putMessage(queueId: number, position: number, message: StoredMessage): void {
    const { messages, onDisk } = this.#queue(queueId);
    if (message.deliveryCount > 0 || messages.has(position)) onDisk.add(position);
    messages.set(position, message);
  }

  /** Removes a message. */
  removeMessage(queueId: number, position: number): void {
    const { messages, onDisk } = this.#queue(queueId);
    if (messages.get(position) !== undefined && !onDisk.has(position)) messages.delete(position);
    else messages.set(position, undefined);
  }

  /** Removes a message, unless the batch has something newer to say about its position. */
  sweepMessage(queueId: number, position: number): void {
    const { messages } = this.#queue(queueId);
    if (!messages.has(position)) messages.set(position, undefined);
  }

  /** Notes how far a queue was delivered. */
  putDelivered(queueId: number, priority: number, position: number): void {
    this.#queue(queueId).delivered.set(priority, position);
  }

  /** Drops the changes to a queue's messages: none of those that came before counts any more. */
  dropMessages(queueId: number): void {
    const queue = this.#queue(queueId);
    queue.messages.clear();
    queue.onDisk.clear();
  }

  /** Drops all that belongs to a queue but its rows by `put`. */
  dropQueue(queueId: number): void {
    this.#queues.delete(queueId);
    this.#last = undefined;
    this.#lastId = -1;
  }

  /** Has somebody called when the batch is on disk. */
  whenFlushed(done: () => void): void {
    this.#whenFlushed.push(done);
  }

  /** Calls all those who wait, in the order in which they came. */
  flushed(): void {
    for (const done of this.#whenFlushed) done();
  }

  /** Writes the changes. */
  writeTo(target: BatchTarget, deliveredRow: (queueId: number, priority: number, position: number) => void): void {
    for (const { key, value } of this.#rows.values()) {
      if (value === undefined) target.remove(key);
      else target.put(key, value);
    }
    for (const [queueId, { messages, delivered }] of this.#queues) {
      for (const [position, message] of messages) {
        if (message === undefined) target.removeMessage(queueId, position);
        else target.putMessage(queueId, position, message);
      }
      for (const [priority, position] of delivered) deliveredRow(queueId, priority, position);
    }
  }

  #queue(queueId: number): QueueChanges {
    if (queueId === this.#lastId && this.#last !== undefined) return this.#last;
    let queue = this.#queues.get(queueId);
    if (queue === undefined) {
      queue = { messages: new Map(), delivered: new Map(), onDisk: new Set() };
      this.#queues.set(queueId, queue);
    }
    this.#lastId = queueId;
    this.#last = queue;
    return queue;
  }
}
