/** A virtual host for tests: with a clock to be turned by hand and a store that writes down what it is told. */
import { EMPTY_TABLE, type FieldTable, longString } from '../../src/field-value.js';
import { Consumer, type ConsumerOptions } from '../../src/model/consumer.js';
import type { BindingDefinition, ExchangeDefinition, QueueDefinition } from '../../src/model/definitions.js';
import type { Environment } from '../../src/model/environment.js';
import { MemoryGauge } from '../../src/model/memory-gauge.js';
import type { Message } from '../../src/model/message.js';
import type { Queue, ReturnCause } from '../../src/model/queue.js';
import type { QueueEntry } from '../../src/model/queue-entry.js';
import { restoreVhosts } from '../../src/model/restore.js';
import type { StoredState } from '../../src/model/store.js';
import type { Published, VirtualHost } from '../../src/model/virtual-host.js';
import { ManualClock } from '../manual-clock.js';
import { RecordingStore } from '../recording-store.js';
import { int } from './field-values.js';
import { bodyOf, type MessageOptions, messageOf } from './messages.js';

/** Bytes; no test gets there unless it wants to. */
const MUCH = 1_000_000_000;

const NOTHING: StoredState = { nextQueueId: 1, nextPosition: 0, vhosts: new Map(), messages: [] };

/** Queue arguments as plain values. */
export type Arguments = Readonly<Record<string, string | number | boolean>>;

/** What a queue is made with: names of flags, and arguments. */
export interface QueueOptions extends Partial<Omit<QueueDefinition, 'name' | 'arguments'>> {
  readonly arguments?: Arguments;
}

/** A virtual host and everything around it. */
export class Scene {
  readonly clock = new ManualClock();
  readonly store = new RecordingStore();
  readonly memory: MemoryGauge;
  readonly vhost: VirtualHost;
  /** The connection that declares. */
  readonly owner = {};

  /** @param stored what the store held in the virtual host, and in others */
  constructor(memoryLimit = MUCH, stored: StoredState = NOTHING) {
    this.memory = new MemoryGauge(memoryLimit);
    let { nextQueueId, nextPosition } = stored;
    let nextId = 1;
    const environment: Environment = {
      clock: this.clock,
      store: this.store,
      memory: this.memory,
      nextQueueId: () => nextQueueId++,
      nextPosition: () => nextPosition++,
      randomId: () => `id-${nextId++}`,
    };
    this.vhost = restoreVhosts(['/'], stored, environment).get('/') as VirtualHost;
  }

  queue(name: string, options: QueueOptions = {}): Queue {
    return this.vhost.declareQueue(queueDefinition(name, options), this.owner);
  }

  exchange(name: string, type: ExchangeDefinition['type'], options: Partial<ExchangeDefinition> = {}): void {
    const flags = { durable: false, autoDelete: false, internal: false, arguments: EMPTY_TABLE };
    this.vhost.declareExchange({ ...flags, ...options, name, type });
  }

  bind(source: string, destination: string, options: Partial<BindingDefinition> = {}): void {
    this.vhost.bind(bindingDefinition(source, destination, options), this.owner);
  }

  unbind(source: string, destination: string, options: Partial<BindingDefinition> = {}): void {
    this.vhost.unbind(bindingDefinition(source, destination, options), this.owner);
  }

  /** Publishes to an exchange; '' with the queue's name as routing key. */
  publish(exchange: string, routingKey: string, body: string, options: MessageOptions = {}): Published {
    const message = messageOf(body, { ...options, exchange, routingKey });
    const queues = this.vhost.route(this.vhost.exchanges.get(exchange), message, [routingKey]);
    return this.vhost.deliver(message, queues);
  }

  /** Starts to consume. */
  consume(queue: Queue, options: Partial<ConsumerOptions> = {}): Taker {
    const taker = new Taker(queue, options);
    queue.addConsumer(taker.consumer);
    queue.wake(taker.consumer);
    return taker;
  }
}

/** A consumer that keeps what it gets. */
export class Taker {
  readonly consumer: Consumer;
  readonly entries: QueueEntry[] = [];
  hasRoom = true;
  cancelled = false;
  readonly #queue: Queue;

  constructor(queue: Queue, options: Partial<ConsumerOptions> = {}) {
    this.#queue = queue;
    this.consumer = new Consumer({
      noAck: false,
      exclusive: false,
      priority: 0,
      prefetch: 0,
      ...options,
      outlet: {
        hasRoom: () => this.hasRoom,
        deliver: (entry) => this.entries.push(entry),
        cancelled: () => {
          this.cancelled = true;
        },
      },
    });
  }

  /** What it got and has not settled. */
  get bodies(): readonly string[] {
    return this.entries.map(({ message }) => bodyOf(message));
  }

  /** Acknowledges the oldest deliveries. */
  acknowledge(count = 1): void {
    for (const entry of this.entries.splice(0, count)) this.#queue.acknowledge(entry, this.consumer);
  }

  /** Rejects the oldest delivery for good. */
  discard(): void {
    for (const entry of this.entries.splice(0, 1)) this.#queue.discard(entry, this.consumer);
  }

  /** Gives deliveries back: the oldest ones, or those with these bodies. */
  giveBack(which: number | readonly string[] = this.entries.length, cause: ReturnCause = 'requeued'): void {
    const chosen =
      typeof which === 'number'
        ? this.entries.slice(0, which)
        : this.entries.filter(({ message }) => which.includes(bodyOf(message)));
    for (const entry of chosen) this.entries.splice(this.entries.indexOf(entry), 1);
    this.#queue.giveBack(
      chosen.map((entry) => [entry, this.consumer]),
      cause,
    );
  }

  /** Stops to consume and gives everything back, as the end of a channel does. */
  leave(): void {
    this.#queue.removeConsumer(this.consumer);
    this.giveBack(this.entries.length, 'lost');
  }
}

/** Takes all that is ready in a queue, for good. */
export function drain(queue: Queue): string[] {
  const bodies: string[] = [];
  for (let entry = queue.get(true); entry !== undefined; entry = queue.get(true)) bodies.push(bodyOf(entry.message));
  return bodies;
}

/** The first message, for good. */
export function takeMessage(queue: Queue): Message {
  const entry = queue.get(true);
  if (entry === undefined) throw new Error(`expected a message in ${queue.name}, found none`);
  return entry.message;
}

export function queueDefinition(name: string, { arguments: table = {}, ...flags }: QueueOptions = {}): QueueDefinition {
  return { durable: false, exclusive: false, autoDelete: false, ...flags, name, arguments: tableOf(table) };
}

export function bindingDefinition(
  source: string,
  destination: string,
  options: Partial<BindingDefinition> = {},
): BindingDefinition {
  return { destinationType: 'queue', routingKey: '', arguments: EMPTY_TABLE, ...options, source, destination };
}

export function tableOf(values: Arguments): FieldTable {
  return Object.entries(values).map(([name, value]) => {
    if (typeof value === 'string') return [name, longString(value)];
    return [name, typeof value === 'number' ? int(value) : { tag: 't', value }];
  });
}
