import type { Clock, Timer } from '../clock.js';
import { BrokerError } from '../errors.js';
import type { BindingDefinition, ExchangeDefinition, QueueDefinition } from '../model/definitions.js';
import type { Store, StoredMessage } from '../model/store.js';
import { ChangeBatch } from './change-batch.js';
import { encodeDefinition } from './definition-codec.js';
import type { DirectoryLock } from './directory-lock.js';
import {
  bindingKey,
  deliveredRange,
  exchangeKey,
  NEXT_QUEUE_ID_KEY,
  positionValue,
  purgedKey,
  queueKey,
  unreadableKey,
} from './keys.js';
import type { LmdbFile } from './lmdb-file.js';
import { MessageSweeper } from './message-sweeper.js';
import type { Catalog } from './stored-state.js';

/** What a store is made of; see `openLmdbStore`. */
export interface LmdbStoreParts {
  /** Resolves when the mark of the opening has been dealt with. */
  readonly opened: Promise<void>;
  readonly file: LmdbFile;
  readonly lock: DirectoryLock;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly onError: (error: BrokerError) => void;
}

/** How long a batch may wait that nobody waits for, ms. */
const LONGEST_WAIT_MS = 10;

/**
 * Writes what it is told to lmdb.
 *
 *     turn's calls ──> pending batch ──(handed over, none under way)──> written, flushed ──> callbacks
 *
 *     idle ──change──> waiting ──awaited, large or closing──> due ──end of turn──> writing ──> idle
 *                         └──────────────────── 10 ms ────────────────────────────────↗
 *
 * One batch is under way at a time. One that somebody waits for is handed over by `setImmediate`, so at the end of the
 * loop's turn, after the sockets that were readable in it: a lone message waits for nothing, and under load all that came
 * while the disk was busy goes at once. For acknowledgements, deliveries and declarations nobody waits, and a write of
 * their own would only be in the way of the next confirm: they go with that, or after 10 ms. Those of the last 10 ms
 * before a crash may be forgotten: an acknowledged message comes again then, and not as a redelivered one where its
 * delivery is forgotten too.
 */
export class LmdbStore implements Store {
  readonly #file: LmdbFile;
  readonly #lock: DirectoryLock;
  readonly #opened: Promise<void>;
  readonly #clock: Clock;
  readonly #onError: (error: BrokerError) => void;
  readonly #sweeper = new MessageSweeper();
  /** Up to which position the messages of a queue are purged, while that is being carried out. */
  readonly #purged: Map<number, number>;
  #nextQueueId: number;
  #state: 'open' | 'closing' | 'closed' | 'failed' = 'open';
  /** What the pending batch waits for. */
  #handover: 'idle' | 'waiting' | 'due' | 'writing' = 'idle';
  #timer: Timer | undefined;
  #pending = new ChangeBatch();
  #underWay: ChangeBatch | undefined;
  #failure: BrokerError | undefined;
  #closing: Promise<void> | undefined;
  #settled: (() => void) | undefined;

  constructor({ opened, file, lock, catalog, clock, onError }: LmdbStoreParts) {
    this.#file = file;
    this.#lock = lock;
    // At worst the mark stays, and the next start takes longer.
    this.#opened = opened.catch(() => {});
    this.#clock = clock;
    this.#onError = onError;
    this.#purged = new Map(catalog.purged);
    this.#nextQueueId = catalog.nextQueueId;
  }

  saveExchange(vhost: string, exchange: ExchangeDefinition): void {
    this.#changes().put(exchangeKey(vhost, exchange.name), encodeDefinition({ vhost, definition: exchange }));
  }

  deleteExchange(vhost: string, name: string): void {
    this.#changes().remove(exchangeKey(vhost, name));
  }

  saveQueue(vhost: string, id: number, queue: QueueDefinition): void {
    const batch = this.#changes();
    batch.put(queueKey(id), encodeDefinition({ vhost, definition: queue }));
    if (id < this.#nextQueueId) return;
    this.#nextQueueId = id + 1;
    const row = Buffer.alloc(4);
    row.writeUInt32BE(this.#nextQueueId);
    batch.put(NEXT_QUEUE_ID_KEY, row);
  }

  deleteQueue(id: number, positions: readonly number[]): void {
    const batch = this.#changes();
    // What has the id of no queue does not count.
    batch.remove(queueKey(id));
    batch.remove(purgedKey(id));
    batch.dropDelivered(id);
    this.#purged.delete(id);
    this.#sweeper.sweep(positions, (last) => this.#removeRest(last, id));
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

  deleteMessage(position: number): void {
    this.#changes().removeMessage(position);
  }

  deleteMessages(queueId: number, positions: readonly number[]): void {
    const mark = positions.reduce((highest, position) => Math.max(highest, position), -1);
    this.#changes().put(purgedKey(queueId), positionValue(mark));
    this.#purged.set(queueId, mark);
    this.#sweeper.sweep(positions, (last) => this.#removeMark(last, queueId, mark));
  }

  saveDelivered(queueId: number, priority: number, position: number): void {
    this.#changes().putDelivered(queueId, priority, position);
  }

  whenFlushed(done: () => void): void {
    if (this.#state === 'failed') return;
    if (!this.#pending.isEmpty) {
      this.#pending.whenFlushed(done);
      this.#schedule();
    } else if (this.#underWay !== undefined) this.#underWay.whenFlushed(done);
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
  putAside(position: number, bytes: Buffer): void {
    const batch = this.#changes();
    batch.removeMessage(position);
    batch.put(unreadableKey(position), bytes);
  }

  /** Goes on with what a crash or a stop left to be removed; `positions` are the messages among it. */
  takeUpRemovals({ orphans, purged }: Catalog, positions: readonly number[]): void {
    if (positions.length + orphans.size + purged.size === 0) return;
    this.#sweeper.sweep(positions, (last) => {
      for (const queueId of orphans) this.#removeRest(last, queueId);
      for (const [queueId, mark] of purged) this.#removeMark(last, queueId, mark);
    });
    this.#schedule();
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

  /** Removes what a deleted queue had beside its definition, its purge and its messages. */
  #removeRest(batch: ChangeBatch, queueId: number): void {
    for (const key of this.#file.keys(deliveredRange(queueId))) batch.remove(key);
  }

  /** A purge has been carried out, unless there was another one since. */
  #removeMark(batch: ChangeBatch, queueId: number, mark: number): void {
    if (this.#purged.get(queueId) !== mark) return;
    this.#purged.delete(queueId);
    batch.remove(purgedKey(queueId));
  }

  #changes(): ChangeBatch {
    if (this.#state === 'closed') throw new Error('expected an open store, found that it has been closed');
    this.#schedule();
    return this.#pending;
  }

  /** Sees to it that the pending batch is handed over in time. */
  #schedule(): void {
    if (this.#handover === 'due' || this.#handover === 'writing') return;
    if (this.#state === 'closing' || this.#pending.isAwaited || this.#pending.isLarge) {
      this.#timer?.cancel();
      this.#handover = 'due';
      setImmediate(() => this.#handOver());
    } else if (this.#handover === 'idle') {
      this.#handover = 'waiting';
      this.#timer = this.#clock.setTimer(() => this.#handOver(), LONGEST_WAIT_MS);
    }
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
    this.#handover = 'writing';
    this.#underWay = batch;
    this.#file.write(batch).then(
      () => this.#done(batch),
      (error) => this.#fail(error),
    );
  }

  #done(batch: ChangeBatch): void {
    this.#handover = 'idle';
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
