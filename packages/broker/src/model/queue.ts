import type { Clock } from '../clock.js';
import { AmqpError } from '../errors.js';
import type { Consumer } from './consumer.js';
import type { DeathReason } from './dead-letter.js';
import { DeadLetters } from './dead-letters.js';
import type { QueueDefinition } from './definitions.js';
import { Idleness } from './idleness.js';
import type { MemoryGauge } from './memory-gauge.js';
import type { Message } from './message.js';
import type { QueueSettings } from './queue-arguments.js';
import { QueueConsumers } from './queue-consumers.js';
import { NEVER, QueueEntry } from './queue-entry.js';
import { QueueJournal } from './queue-journal.js';
import { isFull, isOverfull } from './queue-limits.js';
import { ReadyMessages } from './ready-messages.js';
import { resourceName } from './resource-name.js';
import type { DeliveredMarks, Store, StoredMessage } from './store.js';
import { WakeUp } from './wake-up.js';

/** What a queue needs of its surroundings. */
export interface QueueHost {
  /** Name of the virtual host, for texts. */
  readonly vhost: string;
  readonly clock: Clock;
  readonly store: Store;
  readonly memory: MemoryGauge;
  /** See `Environment`. */
  nextPosition(): number;
  /** Publishes a message to the queue's dead-letter exchange, whatever becomes of it. */
  deadLetter(queue: Queue, message: Message, reason: DeathReason): void;
  /** Publishes a dead letter to those that have not taken it, and notes who takes it. True when all have it, and somebody. */
  deadLetterToAll(queue: Queue, message: Message, reason: DeathReason, taken: Set<Queue>): boolean;
  /** A dead letter had nowhere to go: `retryDeadLetters` is to be called when that may have changed. */
  retryLater(queue: Queue): void;
  /** The queue has to go: its last consumer left, or nobody has used it for too long. */
  expire(queue: Queue): void;
}

/** Whose an exclusive queue is: a connection, compared by identity. */
export type Owner = object;

/** What became of a message that was offered to a queue: `stored` ones are safe once the store has flushed. */
export type Enqueued = 'kept' | 'stored' | 'refused' | 'gone';

/** After so many the broker turns to its clients: a hundred thousand that are over at once must not silence it. */
const MOST_EXPIRIES = 256;

/** Why a delivery comes back: its consumer asked for that, or is gone. */
export type ReturnCause = 'requeued' | 'lost';

/**
 * A queue: messages in order, ready or delivered, and the consumers that they go to.
 *
 * A message is ready, then delivered to a consumer or taken by basic.get; from there it is acknowledged (gone), given
 * back (ready again) or discarded (a dead letter). Ready ones also leave by expiry, by a full queue, and by purge.
 * Its files are told of each step in the same turn as the client's method, so that a crash never halves one.
 *
 * The file is long since every way of a message into the queue, through it and out of it is to be seen in one place.
 */
export class Queue {
  readonly id: number;
  readonly definition: QueueDefinition;
  readonly settings: QueueSettings;
  readonly owner: Owner | undefined;
  readonly #host: QueueHost;
  readonly #ready: ReadyMessages;
  readonly #consumers: QueueConsumers;
  #unacknowledged = 0;
  #state: 'open' | 'deleted' = 'open';
  readonly #journal: QueueJournal;
  readonly #deadLetters: DeadLetters<Queue>;
  /** Set for when the first ready message expires. */
  readonly #expiry: WakeUp;
  readonly #idleness: Idleness;

  constructor(
    id: number,
    definition: QueueDefinition,
    settings: QueueSettings,
    owner: Owner | undefined,
    host: QueueHost,
  ) {
    this.id = id;
    this.definition = definition;
    this.settings = settings;
    this.owner = owner;
    this.#host = host;
    const { maxPriority, type, singleActiveConsumer } = settings;
    this.#ready = new ReadyMessages(maxPriority ?? 0, type === 'quorum' ? 'arrival' : 'position');
    this.#consumers = new QueueConsumers({ singleActive: singleActiveConsumer, honoursExclusive: type === 'classic' });
    this.#journal = new QueueJournal(host.store, id, definition.durable);
    this.#deadLetters = new DeadLetters(settings.deadLetterStrategy, {
      bury: (message, reason) => this.#bury(message, reason),
      buryInAll: (message, reason, taken) => host.deadLetterToAll(this, message, reason, taken),
      forget: (entry) => this.#forget(entry),
      retryLater: () => host.retryLater(this),
    });
    this.#expiry = new WakeUp(host.clock, () => this.resume());
    this.#idleness = new Idleness(
      host.clock,
      settings.expiresMs,
      () => this.#consumers.count > 0,
      () => host.expire(this),
    );
  }

  get name(): string {
    return this.definition.name;
  }

  /** Messages that wait for delivery. */
  get messageCount(): number {
    return this.#ready.count;
  }

  get consumerCount(): number {
    return this.#consumers.count;
  }

  /** Deliveries that are not settled. */
  get unacknowledgedCount(): number {
    return this.#unacknowledged;
  }

  /** Puts back a message that the store had, oldest first; one that had been delivered comes again as a redelivered one. */
  restoreMessage(position: number, stored: StoredMessage, delivered: DeliveredMarks): void {
    const { message, expiresAt, deliveryCount } = stored;
    const priority = this.#level(message);
    const entry = new QueueEntry(message, position, priority, expiresAt ?? NEVER, true);
    entry.redelivered = deliveryCount > 0 || position <= (delivered.get(priority) ?? -1);
    const least = entry.redelivered && this.settings.type === 'quorum' ? 1 : 0;
    entry.deliveryCount = Math.max(deliveryCount, least);
    this.#host.memory.add(message.content.bytes.length);
    this.#ready.push(entry);
  }

  /** Looks for what has expired; once all messages are restored, and all queues that dead letters may go to. */
  resume(): void {
    this.#dropExpired(MOST_EXPIRIES);
    this.#armExpiry();
  }

  /** Takes a message in: to a consumer at once where one waits, else to the end of the queue. */
  enqueue(message: Message): Enqueued {
    if (this.#state === 'deleted') return 'gone';
    const { persistent, bytes, bodyOffset } = message.content;
    if (isFull(this.settings, this.#ready, bytes.length - bodyOffset)) {
      if (this.settings.overflow === 'reject-publish-dlx') this.#bury(message, 'maxlen');
      return 'refused';
    }
    const consumer = this.#ready.count === 0 ? this.#consumers.next() : undefined;
    const durable = this.definition.durable && (persistent || this.settings.type === 'quorum');
    const stored = durable && consumer?.options.noAck !== true;
    const entry = new QueueEntry(
      message,
      this.#host.nextPosition(),
      this.#level(message),
      this.#expiresAt(message),
      stored,
    );
    this.#journal.save(entry);
    this.#host.memory.add(bytes.length);
    if (consumer !== undefined) {
      this.#hand(entry, consumer);
    } else {
      this.#ready.push(entry);
      this.#dropOverflow();
      // A time of 0 is over at once; what was there before has its timer.
      if (this.#ready.peek() === entry) this.#dropExpired();
      this.#armExpiry();
    }
    return stored ? 'stored' : 'kept';
  }

  /** Takes the first message (basic.get); undefined when there is none. With `noAck` it is gone from here. */
  get(noAck: boolean): QueueEntry | undefined {
    this.#idleness.touch();
    this.#dropExpired();
    const entry = this.#ready.shift();
    if (entry === undefined) return undefined;
    if (noAck) this.#forget(entry);
    else this.#noteDelivered(entry);
    this.#armExpiry();
    return entry;
  }

  /** Settles a delivery: the message is done with. `consumer` is undefined for one that basic.get took. */
  acknowledge(entry: QueueEntry, consumer: Consumer | undefined): void {
    this.#settled(consumer);
    this.#forget(entry);
    if (consumer !== undefined) this.wake(consumer);
  }

  /** Settles a delivery: the message becomes a dead letter, or is dropped where the queue has no exchange for those. */
  discard(entry: QueueEntry, consumer: Consumer | undefined): void {
    this.#settled(consumer);
    if (this.#state === 'deleted') this.#forget(entry);
    else this.#deadLetters.send(entry, 'rejected');
    if (consumer !== undefined) this.wake(consumer);
  }

  /** Gives deliveries of one channel back, oldest first: to their old places, or on quorum queues up to the limit. */
  giveBack(
    deliveries: readonly (readonly [entry: QueueEntry, consumer: Consumer | undefined])[],
    cause: ReturnCause,
  ): void {
    for (const [entry, consumer] of deliveries) {
      this.#settled(consumer);
      entry.redelivered = true;
      if (this.#state === 'deleted') this.#forget(entry);
      else if (this.settings.type === 'quorum') this.#countReturn(entry, cause);
      else this.#ready.giveBack(entry);
    }
    for (const [, consumer] of deliveries) if (consumer !== undefined) this.#consumers.makeReady(consumer);
    this.#dropOverflow();
    this.#deliver();
  }

  /**
   * Adds a consumer; it gets nothing before `wake`, so that its channel can answer first.
   * @throws {AmqpError} ACCESS_REFUSED when one of the consumers is, or wants to be, the only one
   */
  addConsumer(consumer: Consumer): void {
    if (this.#consumers.isTakenFor(consumer))
      throw new AmqpError('ACCESS_REFUSED', `${this.describe()} in exclusive use`);
    this.#idleness.touch();
    this.#consumers.add(consumer);
  }

  /** Takes a consumer away; what it holds stays delivered until it is settled. The last one takes an auto-delete queue along. */
  removeConsumer(consumer: Consumer): void {
    const removed = this.#consumers.remove(consumer);
    if (removed === false) return;
    this.#idleness.touch();
    if (this.#consumers.count === 0 && this.definition.autoDelete) this.#host.expire(this);
    else if (removed.successor !== undefined) this.wake(removed.successor);
  }

  /** A consumer may have room again. */
  wake(consumer: Consumer): void {
    this.#consumers.makeReady(consumer);
    if (this.#ready.count > 0) this.#deliver();
  }

  /** Drops all ready messages and returns how many there were. */
  purge(): number {
    const entries = this.#ready.takeAll();
    for (const entry of entries) this.#release(entry);
    // Those that are delivered stay: then each goes by itself.
    if (this.#unacknowledged === 0 && this.#deadLetters.heldCount === 0) this.#journal.removeAll(entries);
    else for (const entry of entries) this.#journal.remove(entry);
    return entries.length;
  }

  /** Ends the queue: consumers are told, messages are gone, and what is still delivered may be settled without effect. */
  delete(): void {
    if (this.#state === 'deleted') return;
    this.#state = 'deleted';
    this.stopTimers();
    const entries = this.#ready.takeAll().concat(this.#deadLetters.takeHeld());
    for (const entry of entries) this.#release(entry);
    for (const consumer of this.#consumers.removeAll()) consumer.options.outlet.cancelled();
    this.#journal.delete(entries);
  }

  /** A passive or repeated declaration counts as use (x-expires). */
  declaredAgain(): void {
    this.#idleness.touch();
  }

  /** Tries again to pass on dead letters that had nowhere to go. */
  retryDeadLetters(): void {
    this.#deadLetters.retry();
  }

  /** No timer of the queue fires from now on. */
  stopTimers(): void {
    this.#expiry.cancel();
    this.#idleness.stop();
  }

  /** The queue in the words of RabbitMQ's error texts. */
  describe(): string {
    return resourceName('queue', this.name, this.#host.vhost);
  }

  /** Hands messages out as long as there are some and somebody has room. */
  #deliver(): void {
    for (;;) {
      this.#dropExpired();
      if (this.#ready.count === 0) break;
      const consumer = this.#consumers.next();
      if (consumer === undefined) break;
      this.#hand(this.#ready.shift() as QueueEntry, consumer);
    }
    this.#armExpiry();
  }

  #hand(entry: QueueEntry, consumer: Consumer): void {
    if (consumer.options.noAck) {
      this.#forget(entry);
    } else {
      consumer.unacknowledged += 1;
      this.#noteDelivered(entry);
    }
    consumer.options.outlet.deliver(entry);
  }

  #noteDelivered(entry: QueueEntry): void {
    this.#unacknowledged += 1;
    this.#journal.delivered(entry);
  }

  #settled(consumer: Consumer | undefined): void {
    this.#unacknowledged -= 1;
    if (consumer !== undefined) consumer.unacknowledged -= 1;
  }

  /** Counts a return to a quorum queue: over the limit, or ready again, at the back when there is no limit. */
  #countReturn(entry: QueueEntry, cause: ReturnCause): void {
    entry.deliveryCount += 1;
    const { deliveryLimit } = this.settings;
    if (deliveryLimit === undefined && cause === 'requeued') {
      this.#moveToBack(entry);
    } else if (deliveryLimit !== undefined && entry.deliveryCount > deliveryLimit) {
      this.#deadLetters.send(entry, 'delivery_limit');
    } else {
      this.#ready.giveBack(entry);
    }
  }

  #moveToBack(entry: QueueEntry): void {
    const { message, priority, expiresAt, stored } = entry;
    const moved = new QueueEntry(message, this.#host.nextPosition(), priority, expiresAt, stored);
    moved.redelivered = entry.redelivered;
    moved.deliveryCount = entry.deliveryCount;
    this.#journal.remove(entry);
    this.#journal.save(moved);
    this.#ready.push(moved);
  }

  #bury(message: Message, reason: DeathReason): void {
    if (this.settings.deadLetterExchange !== undefined) this.#host.deadLetter(this, message, reason);
  }

  /** The message is no longer this queue's. */
  #forget(entry: QueueEntry): void {
    this.#release(entry);
    this.#journal.remove(entry);
  }

  #release(entry: QueueEntry): void {
    this.#host.memory.remove(entry.message.content.bytes.length);
  }

  #level(message: Message): number {
    return Math.min(message.content.priority, this.settings.maxPriority ?? 0);
  }

  #expiresAt(message: Message): number {
    const { expiration } = message.content;
    const ttl = Math.min(this.settings.messageTtlMs ?? NEVER, expiration === undefined ? NEVER : Number(expiration));
    return ttl === NEVER ? NEVER : this.#host.clock.wall() + ttl;
  }

  #dropOverflow(): void {
    while (isOverfull(this.settings, this.#ready)) {
      this.#deadLetters.send(this.#ready.shift() as QueueEntry, 'maxlen');
    }
  }

  /** Only the front of the queue expires, as in RabbitMQ: behind a message that lasts longer, others wait. */
  #dropExpired(most = Number.POSITIVE_INFINITY): void {
    let count = 0;
    for (let head = this.#ready.peek(); head !== undefined && count < most; head = this.#ready.peek(), count++) {
      if (head.expiresAt === NEVER || head.expiresAt > this.#host.clock.wall()) return;
      this.#ready.shift();
      this.#deadLetters.send(head, 'expired');
    }
  }

  #armExpiry(): void {
    const at = this.#ready.peek()?.expiresAt ?? NEVER;
    if (at !== NEVER) this.#expiry.by(at);
  }
}
