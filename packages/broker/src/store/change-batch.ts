import type { StoredMessage } from '../model/store.js';

/** What a batch is written to, in one transaction. Keys and values may be overwritten after the call. */
export interface BatchTarget {
  put(key: Buffer, value: Buffer): void;
  remove(key: Buffer): void;
  putMessage(queueId: number, position: number, message: StoredMessage): void;
  removeMessage(position: number): void;
  putDelivered(queueId: number, priority: number, position: number): void;
}

/** What becomes of a message's row. */
type MessageChange =
  | {
      readonly kind: 'put';
      readonly queueId: number;
      readonly message: StoredMessage;
      /** The files hold no row of it yet. */
      readonly isNew: boolean;
    }
  | typeof REMOVED;

const REMOVED = { kind: 'remove' } as const;

/** A batch of so many changes is large. */
const MANY_CHANGES = 4_000;
/** A batch of messages of so many bytes is large. */
const MANY_BYTES = 4 * 1024 * 1024;

/**
 * The changes of one or several turns, gathered until they become a transaction. Of several changes to one row the last
 * one counts; a message that came and went within the batch leaves no trace.
 */
export class ChangeBatch {
  readonly #rows = new Map<string, { readonly key: Buffer; readonly value: Buffer | undefined }>();
  /** By position. */
  readonly #messages = new Map<number, MessageChange>();
  /** By queue, then by priority. */
  readonly #delivered = new Map<number, Map<number, number>>();
  readonly #whenFlushed: (() => void)[] = [];
  /** Of the messages that were put, also of those that went again. */
  #bytes = 0;

  /** Holds nothing: no changes, and nobody who waits for them. */
  get isEmpty(): boolean {
    return !this.hasChanges && !this.isAwaited;
  }

  /** There is something to be written. */
  get hasChanges(): boolean {
    return this.#rows.size + this.#messages.size + this.#delivered.size > 0;
  }

  /** Somebody waits for it to be on disk. */
  get isAwaited(): boolean {
    return this.#whenFlushed.length > 0;
  }

  /** Takes as much memory, and time to write, as a batch should. */
  get isLarge(): boolean {
    return this.#rows.size + this.#messages.size >= MANY_CHANGES || this.#bytes >= MANY_BYTES;
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
    const before = this.#messages.get(position);
    const isNew = before === undefined ? message.deliveryCount === 0 : before.kind === 'put' && before.isNew;
    this.#messages.set(position, { kind: 'put', queueId, message, isNew });
    this.#bytes += message.message.content.bytes.length;
  }

  /** Removes a message. */
  removeMessage(position: number): void {
    const before = this.#messages.get(position);
    if (before?.kind === 'put' && before.isNew) this.#messages.delete(position);
    else this.#messages.set(position, REMOVED);
  }

  /** Notes how far a queue was delivered. */
  putDelivered(queueId: number, priority: number, position: number): void {
    const marks = this.#delivered.get(queueId);
    if (marks === undefined) this.#delivered.set(queueId, new Map([[priority, position]]));
    else marks.set(priority, position);
  }

  /** Drops what was noted of a queue's deliveries. */
  dropDelivered(queueId: number): void {
    this.#delivered.delete(queueId);
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
  writeTo(target: BatchTarget): void {
    for (const { key, value } of this.#rows.values()) {
      if (value === undefined) target.remove(key);
      else target.put(key, value);
    }
    for (const [position, change] of this.#messages) {
      if (change.kind === 'remove') target.removeMessage(position);
      else target.putMessage(change.queueId, position, change.message);
    }
    for (const [queueId, marks] of this.#delivered) {
      for (const [priority, position] of marks) target.putDelivered(queueId, priority, position);
    }
  }
}
