import type { BindingDefinition, ExchangeDefinition, QueueDefinition } from './definitions.js';
import type { Message } from './message.js';

/**
 * Where durable things are kept. Calls return at once and are carried out in order; all calls of one turn of the event
 * loop become one transaction, so that a crash keeps all of them or none.
 *
 * A position is the place of a message in one queue. No two messages of the broker have the same one, whatever their
 * queues, and a later one is higher.
 */
export interface Store {
  saveExchange(vhost: string, exchange: ExchangeDefinition): void;
  deleteExchange(vhost: string, name: string): void;
  /** @param id unique among all queues ever: never used again, also after a deletion and a restart */
  saveQueue(vhost: string, id: number, queue: QueueDefinition): void;
  /**
   * Deletes the queue.
   * @param positions its messages in any order, but for those that are deleted one by one later. The array is the store's
   */
  deleteQueue(id: number, positions: readonly number[]): void;
  saveBinding(vhost: string, binding: BindingDefinition): void;
  deleteBinding(vhost: string, binding: BindingDefinition): void;
  /** Writes a message to its place in a queue, or writes it anew with a higher `deliveryCount`. */
  saveMessage(queueId: number, position: number, message: StoredMessage): void;
  deleteMessage(position: number): void;
  /**
   * Deletes all messages of the queue (queue.purge is quicker so than message by message).
   * @param positions every one that has not been deleted, in any order. The array is the store's
   */
  deleteMessages(queueId: number, positions: readonly number[]): void;
  /** Notes that messages up to this position, of this priority, have been delivered: after a crash they are redelivered ones. */
  saveDelivered(queueId: number, priority: number, position: number): void;
  /**
   * Calls back, once, when all that was called before is on disk (flushed, not only committed). May call back at once.
   * Calls that nobody waits for in this way get there too, in their order, but perhaps a moment later.
   */
  whenFlushed(done: () => void): void;
  /** Resolves when everything is on disk and the files are closed. */
  close(): Promise<void>;
}

/** A message in its place in a queue. */
export interface StoredMessage {
  readonly message: Message;
  /** Wall time in ms since 1970 when it expires, or undefined. */
  readonly expiresAt: number | undefined;
  /** How often it came back, for quorum queues (x-delivery-count); a delivery under way counts as if it had come back. */
  readonly deliveryCount: number;
}

/** What a store held when it was opened. */
export interface StoredState {
  /** One above the highest queue id that was ever used. */
  readonly nextQueueId: number;
  /** Above every position that the store knows of. */
  readonly nextPosition: number;
  readonly vhosts: ReadonlyMap<string, StoredVhost>;
  /** The messages of all queues, oldest first, read as they are asked for. */
  readonly messages: Iterable<readonly [queueId: number, position: number, message: StoredMessage]>;
}

/** The durable things of a virtual host. */
export interface StoredVhost {
  readonly exchanges: readonly ExchangeDefinition[];
  readonly queues: readonly StoredQueue[];
  readonly bindings: readonly BindingDefinition[];
}

/** A queue without its messages. */
export interface StoredQueue {
  readonly id: number;
  readonly definition: QueueDefinition;
  readonly delivered: DeliveredMarks;
}

/** The highest delivered position for each priority that had a delivery. */
export type DeliveredMarks = ReadonlyMap<number, number>;
