import { BrokerError } from '../errors.js';
import type { BindingDefinition, ExchangeDefinition, QueueDefinition } from '../model/definitions.js';
import type { Store, StoredMessage } from '../model/store.js';
import { ChangeBatch } from './change-batch.js';
import { encodeDefinition } from './definition-codec.js';
import type { DirectoryLock } from './directory-lock.js';
import { bindingKey, exchangeKey, NEXT_QUEUE_ID_KEY, queueKey, unreadableKey } from './keys.js';
import type { LmdbFile } from './lmdb-file.js';
import { encodePurges, type QueueSweeper } from './queue-sweeper.js';

/** What a store is made of; see `openLmdbStore`. */
export interface LmdbStoreParts {
  /** Resolves when the mark of the opening has been dealt with. */
  readonly opened: Promise<void>;
  readonly file: LmdbFile;
  readonly lock: DirectoryLock;
  readonly sweeper: QueueSweeper;
  /** How often queues have been purged; 0 for those that are not named. */
  readonly epochs: Map<number, number>;
  readonly nextQueueId: number;
  readonly onError: (error: BrokerError) => void;
}

/**
 * Writes what it is told to lmdb.
 *
 *     turn's calls ──> pending batch ──(turn ends, none under way)──> written, flushed ──> callbacks
 *
 * One batch is under way at a time. It is handed over by `setImmediate`, so at the end of the loop's turn, after the
 * sockets that were readable in it: a lone message waits for nothing, and under load all that came while the disk was
 * busy goes at once.
 */
export class LmdbStore implements Store {
  readonly #file: LmdbFile;
  readonly #lock: DirectoryLock;
  readonly #opened: Promise<void>;
  readonly #sweeper: QueueSweeper;
  readonly #epochs: Map<number, number>;
  readonly #onError: (error: BrokerError) => void;
  readonly #epochOf = (queueId: number) => this.#epochs.get(queueId) ?? 0;
  #nextQueueId: number;
  #state: 'open' | 'closing' | 'closed' | 'failed' = 'open';
  #pending = new ChangeBatch();
  #underWay: ChangeBatch | undefined;
  #scheduled = false;
  #failure: BrokerError | undefined;
  #closing: Promise<void> | undefined;
  #settled: (() => void) | undefined;

  constructor({ opened, file, lock, sweeper, epochs, nextQueueId, onError }: LmdbStoreParts) {
    this.#file = file;
    this.#lock = lock;
    // At worst the mark stays, and the next start takes longer.
    this.#opened = opened.catch(() => {});
    this.#sweeper = sweeper;
    this.#epochs = epochs;
    this.#nextQueueId = nextQueueId;
    this.#onError = onError;
    if (sweeper.isBusy) this.#schedule();
  }

  saveExchange(vhost: string, exchange: ExchangeDefinition): void {
    this.#changes().put(exchangeKey(vhost, exchange.name), encodeDefinition({ vhost, definition: exchange }));
  }

  deleteExchange(vhost: string, name: string): void {
    this.#changes().remove(exchangeKey(vhost, name));
  }

  saveQueue(vhost: string, id: number, queue: QueueDefinition): void {
    const batch = this.#changes();
    batch.put(queueKey(id, { part: 'definition' }), encodeDefinition({ vhost, definition: queue }));
    if (id < this.#nextQueueId) return;
    this.#nextQueueId = id + 1;
    const row = Buffer.alloc(4);
    row.writeUInt32BE(this.#nextQueueId);
    batch.put(NEXT_QUEUE_ID_KEY, row);
  }

  deleteQueue(id: number): void {
    const batch = this.#changes();
    batch.dropQueue(id);
    batch.remove(queueKey(id, { part: 'definition' }));
    batch.remove(queueKey(id, { part: 'purges' }));
    this.#epochs.delete(id);
    this.#sweeper.sweepQueue(id);
  }

  saveBinding(vhost: string, binding: BindingDefinition): void {
    const encoded = encodeDefinition({ vhost, definition: binding });
    this.#changes().put(bindingKey(encoded), encoded);
  }

  deleteBinding(vhost: string, binding: BindingDefinition): void {
    this.#changes().remove(bindingKey(encodeDefinition({ vhost, definition: binding })));
  }

  saveMessage(queueId: number, position: number, message: StoredMessage): void {
    this.#changes().putMessage(queueId, position, message);
  }

  deleteMessage(queueId: number, position: number): void {
    this.#changes().removeMessage(queueId, position);
  }

  deleteMessages(queueId: number): void {
    const batch = this.#changes();
    const epoch = this.#epochOf(queueId) + 1;
    batch.dropMessages(queueId);
    batch.put(queueKey(queueId, { part: 'purges' }), encodePurges({ epoch, unswept: true }));
    this.#epochs.set(queueId, epoch);
    this.#sweeper.sweepPurged(queueId, epoch);
  }

  saveDelivered(queueId: number, priority: number, position: number): void {
    this.#changes().putDelivered(queueId, priority, position);
  }

  whenFlushed(done: () => void): void {
    if (this.#state === 'failed') return;
    if (!this.#pending.isEmpty) this.#pending.whenFlushed(done);
    else if (this.#underWay !== undefined) this.#underWay.whenFlushed(done);
    else done();
  }

  /**
   * Removals of deleted queues that are not done yet go on at the next start.
   * @throws BrokerError `store-failed` when a write had failed
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Takes a message that cannot be read out of its queue and keeps its bytes. */
  putAside(queueId: number, position: number, bytes: Buffer): void {
    const batch = this.#changes();
    batch.removeMessage(queueId, position);
    batch.put(unreadableKey(queueId, position), bytes);
  }

  async #close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing';
      const settled = new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
      this.#schedule();
      await settled;
    }
    // After a failure lmdb would wait forever; the process's end closes the file then.
    const closed = this.#file.close();
    if (this.#failure === undefined) await closed;
    await this.#opened;
    await this.#lock.release();
    if (this.#failure !== undefined) throw this.#failure;
    this.#state = 'closed';
  }

  #changes(): ChangeBatch {
    if (this.#state === 'closed') throw new Error('expected an open store, found that it has been closed');
    this.#schedule();
    return this.#pending;
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay !== undefined) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#handOver();
    });
  }

  #handOver(): void {
    if (this.#state === 'failed') return;
    const batch = this.#pending;
    this.#pending = new ChangeBatch();
    if (this.#state === 'open') this.#sweeper.addTo(batch);
    if (!batch.hasChanges) {
      this.#done(batch);
      return;
    }
    this.#underWay = batch;
    this.#file.write(batch, this.#epochOf).then(
      () => this.#done(batch),
      (error) => this.#fail(error),
    );
  }

  #done(batch: ChangeBatch): void {
    this.#underWay = undefined;
    batch.flushed();
    if (!this.#pending.isEmpty || (this.#sweeper.isBusy && this.#state === 'open')) this.#schedule();
    else this.#settled?.();
  }

  #fail(cause: unknown): void {
    this.#state = 'failed';
    this.#pending = new ChangeBatch();
    this.#failure = new BrokerError(
      'store-failed',
      `expected to write to the data directory, found: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        'What was confirmed is safe; check the free space, then start again',
      { cause },
    );
    this.#settled?.();
    this.#onError(this.#failure);
  }
}
