import type { Clock } from '../clock.js';
import { AmqpError } from '../errors.js';
import { type Consumer, ReadyConsumers } from './consumer.js';
import type { DeathReason } from './dead-letter.js';
import type { QueueDefinition } from './definitions.js';
import type { MemoryGauge } from './memory-gauge.js';
import type { Message } from './message.js';
import type { QueueSettings } from './queue-arguments.js';
import { NEVER, QueueEntry } from './queue-entry.js';
import { ReadyMessages } from './ready-messages.js';
import { resourceName } from './resource-name.js';
import type { Store, StoredQueue } from './store.js';
import { WakeUp } from './wake-up.js';

/** What a queue needs of its surroundings. */
export interface QueueHost {
  /** Name of the virtual host, for texts. */
  readonly vhost: string;
  readonly clock: Clock;
  readonly store: Store;
  readonly memory: MemoryGauge;
  /** Publishes a message to the queue's dead-letter exchange; false when it reached no queue. */
  deadLetter(queue: Queue, message: Message, reason: DeathReason): boolean;
  /** The queue has to go: its last consumer left, or nobody has used it for too long. */
  expire(queue: Queue): void;
}

/** Whose an exclusive queue is: a connection, compared by identity. */
export type Owner = object;

/** What became of a message that was offered to a queue: `stored` ones are safe once the store has flushed. */
export type Enqueued = 'kept' | 'stored' | 'refused';

/** A message that no queue took as a dead letter, and that may not be lost. */
interface Stuck {
  readonly entry: QueueEntry;
  readonly reason: DeathReason;
}

/**
 * A queue: messages in order, ready or delivered, and the consumers that they go to.
 *
 * A message is ready, then delivered to a consumer or taken by basic.get; from there it is acknowledged (gone), given
 * back (ready again) or discarded (a dead letter). Ready ones also leave by expiry, by a full queue, and by purge.
 * Its files are told of each step in the same turn as the client's method, so that a crash never halves one.
 */
export class Queue {
  readonly id: number;
  readonly definition: QueueDefinition;
  readonly settings: QueueSettings;
  readonly owner: Owner | undefined;
  readonly #host: QueueHost;
  readonly #ready: ReadyMessages;
  readonly #consumers = new Set<Consumer>();
  readonly #readyConsumers = new ReadyConsumers();
  /** The one that is served, where the queue has x-single-active-consumer. */
  #active: Consumer | undefined;
  #unacknowledged = 0;
  #nextPosition = 0;
  #stuck: Stuck[] = [];
  #state: 'open' | 'deleted' = 'open';
  #lastUsed: number;
  /** Set for when the first ready message expires. */
  readonly #expiry: WakeUp;
  /** Set for when the queue will have been unused for x-expires. */
  readonly #idleness: WakeUp;

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
    const { maxPriority, type } = settings;
    this.#ready = new ReadyMessages(maxPriority ?? 0, type === 'quorum' ? 'arrival' : 'position');
    this.#lastUsed = host.clock.wall();
    this.#expiry = new WakeUp(host.clock, () => this.#dropAndArm());
    this.#idleness = new WakeUp(host.clock, () => this.#checkIdleness());
    this.#checkIdleness();
  }

  get name(): string {
    return this.definition.name;
  }

  /** Messages that wait for delivery. */
  get messageCount(): number {
    return this.#ready.count;
  }

  get consumerCount(): number {
    return this.#consumers.size;
  }

  /** Deliveries that are not settled. */
  get unacknowledgedCount(): number {
    return this.#unacknowledged;
  }

  /** Puts back what the store had; messages that had been delivered come again as redelivered ones. */
  restore(stored: StoredQueue): void {
    for (const [position, { message, expiresAt, deliveryCount }] of stored.messages) {
      const priority = this.#level(message);
      const entry = new QueueEntry(message, position, priority, expiresAt ?? NEVER, true);
      entry.redelivered = deliveryCount > 0 || position <= (stored.delivered.get(priority) ?? -1);
      entry.deliveryCount = deliveryCount + (entry.redelivered && this.settings.type === 'quorum' ? 1 : 0);
      this.#host.memory.add(message.content.bytes.length);
      this.#ready.push(entry);
    }
    this.#nextPosition = stored.nextPosition;
  }

  /** Begins to work after `restore`, once all queues that dead letters may go to are there. */
  resume(): void {
    this.#dropAndArm();
  }

  /** Takes a message in: to a consumer at once where one waits, else to the end of the queue. */
  enqueue(message: Message): Enqueued {
    if (this.#isFull(message)) {
      if (this.settings.overflow === 'reject-publish-dlx') this.#bury(message, 'maxlen');
      return 'refused';
    }
    const consumer = this.#ready.count === 0 ? this.#readyConsumers.next() : undefined;
    const { persistent, bytes } = message.content;
    const durable = this.definition.durable && (persistent || this.settings.type === 'quorum');
    const stored = durable && consumer?.options.noAck !== true;
    const entry = new QueueEntry(message, this.#nextPosition++, this.#level(message), this.#expiresAt(message), stored);
    if (stored) this.#save(entry);
    this.#host.memory.add(bytes.length);
    if (consumer !== undefined) {
      this.#hand(entry, consumer);
    } else {
      this.#ready.push(entry);
      this.#dropOverflow();
      this.#armExpiry();
    }
    return stored ? 'stored' : 'kept';
  }

  /** Takes the first message (basic.get); undefined when there is none. With `noAck` it is gone from here. */
  get(noAck: boolean): QueueEntry | undefined {
    this.#touch();
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
    else this.#die(entry, 'rejected');
    if (consumer !== undefined) this.wake(consumer);
  }

  /** Gives deliveries of one channel back, oldest first: to their old places, or on quorum queues up to the limit. */
  giveBack(deliveries: readonly (readonly [entry: QueueEntry, consumer: Consumer | undefined])[]): void {
    for (const [entry, consumer] of deliveries) {
      this.#settled(consumer);
      entry.redelivered = true;
      if (this.#state === 'deleted') this.#forget(entry);
      else if (this.settings.type === 'quorum') this.#countReturn(entry);
      else this.#ready.giveBack(entry);
    }
    for (const [, consumer] of deliveries) if (consumer !== undefined) this.#makeReady(consumer);
    this.#dropOverflow();
    this.#deliver();
  }

  /**
   * Adds a consumer; it gets nothing before `wake`, so that its channel can answer first.
   * @throws {AmqpError} ACCESS_REFUSED when one of the consumers is, or wants to be, the only one
   */
  addConsumer(consumer: Consumer): void {
    const wantsAll = consumer.options.exclusive && this.settings.type === 'classic';
    const taken = [...this.#consumers].some(({ options }) => options.exclusive && this.settings.type === 'classic');
    if (taken || (wantsAll && this.#consumers.size > 0)) {
      throw new AmqpError('ACCESS_REFUSED', `${this.describe()} in exclusive use`);
    }
    this.#touch();
    this.#consumers.add(consumer);
    if (this.settings.singleActiveConsumer) this.#active ??= consumer;
  }

  /** Takes a consumer away; what it holds stays delivered until it is settled. The last one takes an auto-delete queue along. */
  removeConsumer(consumer: Consumer): void {
    if (!this.#consumers.delete(consumer)) return;
    consumer.state = 'gone';
    this.#touch();
    if (this.#consumers.size === 0 && this.definition.autoDelete) {
      this.#host.expire(this);
      return;
    }
    if (consumer !== this.#active) return;
    [this.#active] = this.#consumers;
    if (this.#active !== undefined) this.wake(this.#active);
  }

  /** A consumer may have room again. */
  wake(consumer: Consumer): void {
    this.#makeReady(consumer);
    if (this.#ready.count > 0) this.#deliver();
  }

  /** Drops all ready messages and returns how many there were. */
  purge(): number {
    const entries = this.#ready.takeAll();
    for (const entry of entries) this.#release(entry);
    // Those that are delivered stay: then each goes by itself.
    if (this.#unacknowledged === 0 && this.#stuck.length === 0) this.#host.store.deleteMessages(this.id);
    else for (const entry of entries) if (entry.stored) this.#host.store.deleteMessage(this.id, entry.position);
    return entries.length;
  }

  /** Ends the queue: consumers are told, messages are gone, and what is still delivered may be settled without effect. */
  delete(): void {
    if (this.#state === 'deleted') return;
    this.#state = 'deleted';
    this.stopTimers();
    for (const entry of this.#ready.takeAll()) this.#release(entry);
    for (const { entry } of this.#stuck) this.#release(entry);
    const consumers = [...this.#consumers];
    this.#consumers.clear();
    for (const consumer of consumers) {
      consumer.state = 'gone';
      consumer.options.outlet.cancelled();
    }
    if (this.definition.durable) this.#host.store.deleteQueue(this.id);
  }

  /** A passive or repeated declaration counts as use (x-expires). */
  declaredAgain(): void {
    this.#touch();
  }

  /** Tries again to pass on dead letters that had nowhere to go; true when none is left. */
  retryStuck(): boolean {
    const stuck = this.#stuck;
    this.#stuck = [];
    for (const { entry, reason } of stuck) this.#die(entry, reason);
    return this.#stuck.length === 0;
  }

  /** No timer of the queue fires from now on. */
  stopTimers(): void {
    this.#expiry.cancel();
    this.#idleness.cancel();
  }

  /** The queue in the words of RabbitMQ's error texts. */
  describe(): string {
    return resourceName('queue', this.name, this.#host.vhost);
  }

  #makeReady(consumer: Consumer): void {
    if (this.settings.singleActiveConsumer && consumer !== this.#active) return;
    this.#readyConsumers.add(consumer);
  }

  /** Hands messages out as long as there are some and somebody has room. */
  #deliver(): void {
    for (;;) {
      this.#dropExpired();
      if (this.#ready.count === 0) break;
      const consumer = this.#readyConsumers.next();
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
    if (entry.stored) this.#host.store.saveDelivered(this.id, entry.priority, entry.position);
  }

  #settled(consumer: Consumer | undefined): void {
    this.#unacknowledged -= 1;
    if (consumer !== undefined) consumer.unacknowledged -= 1;
  }

  /** Counts a return to a quorum queue (x-delivery-limit): ready again, or over the limit. */
  #countReturn(entry: QueueEntry): void {
    entry.deliveryCount += 1;
    const { deliveryLimit } = this.settings;
    if (deliveryLimit !== undefined && entry.deliveryCount > deliveryLimit) {
      this.#die(entry, 'delivery_limit');
      return;
    }
    if (entry.stored) this.#save(entry);
    this.#ready.giveBack(entry);
  }

  /** A message leaves as a dead letter; at least once means that it stays here until a queue takes it. */
  #die(entry: QueueEntry, reason: DeathReason): void {
    const arrived = this.#bury(entry.message, reason);
    if (!arrived && this.settings.deadLetterStrategy === 'at-least-once') this.#stuck.push({ entry, reason });
    else this.#forget(entry);
  }

  #bury(message: Message, reason: DeathReason): boolean {
    if (this.settings.deadLetterExchange === undefined) return true;
    return this.#host.deadLetter(this, message, reason);
  }

  /** The message is no longer this queue's; a deleted queue has taken its files along. */
  #forget(entry: QueueEntry): void {
    this.#release(entry);
    if (entry.stored && this.#state === 'open') this.#host.store.deleteMessage(this.id, entry.position);
  }

  #release(entry: QueueEntry): void {
    this.#host.memory.remove(entry.message.content.bytes.length);
  }

  #save({ position, message, expiresAt, deliveryCount }: QueueEntry): void {
    this.#host.store.saveMessage(this.id, position, {
      message,
      expiresAt: expiresAt === NEVER ? undefined : expiresAt,
      deliveryCount,
    });
  }

  #level(message: Message): number {
    return Math.min(message.content.priority, this.settings.maxPriority ?? 0);
  }

  #expiresAt(message: Message): number {
    const { expiration } = message.content;
    const ttl = Math.min(this.settings.messageTtlMs ?? NEVER, expiration === undefined ? NEVER : Number(expiration));
    return ttl === NEVER ? NEVER : this.#host.clock.wall() + ttl;
  }

  #isFull(message: Message): boolean {
    const { overflow, maxLength, maxLengthBytes } = this.settings;
    if (overflow === 'drop-head') return false;
    const { bytes, bodyOffset } = message.content;
    return (
      (maxLength !== undefined && this.#ready.count + 1 > maxLength) ||
      (maxLengthBytes !== undefined && this.#ready.bodyBytes + bytes.length - bodyOffset > maxLengthBytes)
    );
  }

  #dropOverflow(): void {
    const { overflow, maxLength = NEVER, maxLengthBytes = NEVER } = this.settings;
    if (overflow !== 'drop-head') return;
    while (this.#ready.count > maxLength || this.#ready.bodyBytes > maxLengthBytes) {
      this.#die(this.#ready.shift() as QueueEntry, 'maxlen');
    }
  }

  /** Only the front of the queue expires, as in RabbitMQ: behind a message that lasts longer, others wait. */
  #dropExpired(): void {
    for (let head = this.#ready.peek(); head !== undefined; head = this.#ready.peek()) {
      if (head.expiresAt === NEVER || head.expiresAt > this.#host.clock.wall()) return;
      this.#ready.shift();
      this.#die(head, 'expired');
    }
  }

  #armExpiry(): void {
    const at = this.#ready.peek()?.expiresAt ?? NEVER;
    if (at !== NEVER) this.#expiry.by(at);
  }

  #dropAndArm(): void {
    this.#dropExpired();
    this.#armExpiry();
  }

  #touch(): void {
    this.#lastUsed = this.#host.clock.wall();
  }

  /** Deletes the queue once nobody has used it for so long (x-expires). */
  #checkIdleness(): void {
    const { expiresMs } = this.settings;
    if (expiresMs === undefined) return;
    const now = this.#host.clock.wall();
    const end = (this.#consumers.size > 0 ? now : this.#lastUsed) + expiresMs;
    if (end <= now) this.#host.expire(this);
    else this.#idleness.by(end);
  }
}
