import type { Clock } from '../clock.js';
import { AmqpError } from '../errors.js';
import { type Binding, Bindings } from './bindings.js';
import type { DeathReason } from './dead-letter.js';
import { DeadLetterPublisher } from './dead-letter-publisher.js';
import type { BindingDefinition, QueueDefinition } from './definitions.js';
import { DirectReplies, REPLY_TO_PREFIX } from './direct-replies.js';
import type { Environment } from './environment.js';
import type { Destination, Exchange } from './exchange.js';
import { type ExchangeRequest, Exchanges, refuseDefault } from './exchanges.js';
import type { MemoryGauge } from './memory-gauge.js';
import type { Message } from './message.js';
import { type Owner, Queue, type QueueHost } from './queue.js';
import { type DeleteConditions, Queues } from './queues.js';
import { routeMessage } from './routing.js';
import type { Store, StoredVhost } from './store.js';
import { WakeUp } from './wake-up.js';

/**
 * What became of a published message. `unroutable`: no queue wanted it. `refused`: a queue had no room for it.
 * `stored`: it is safe once the store has flushed. `kept`: it is in memory, and that is all that was asked for.
 */
export type Published = 'unroutable' | 'refused' | 'stored' | 'kept';

/** When dead letters that no queue took are offered again, ms: a full queue may have room by then. */
const RETRY_MS = 1_000;

/** A virtual host: exchanges, queues and bindings that know nothing of those in other virtual hosts. */
export class VirtualHost implements QueueHost {
  readonly vhost: string;
  readonly exchanges: Exchanges;
  readonly queues: Queues;
  readonly directReplies = new DirectReplies();
  readonly #environment: Environment;
  readonly #bindings = new Bindings();
  readonly #map = {
    queue: (name: string) => this.queues.find(name),
    exchange: (name: string) => this.exchanges.find(name),
  };
  readonly #deadLetters = new DeadLetterPublisher({
    wall: () => this.clock.wall(),
    findExchange: this.#map.exchange,
    route: (exchange, keys, headers) => routeMessage(this.#map, exchange, keys, () => headers),
  });
  /** Queues with dead letters that no queue took yet. */
  readonly #stuck = new Set<Queue>();
  readonly #retry: WakeUp;

  constructor(name: string, environment: Environment) {
    this.vhost = name;
    this.#environment = environment;
    this.exchanges = new Exchanges(name, environment.store);
    this.queues = new Queues(environment, this);
    this.#retry = new WakeUp(environment.clock, () => this.#retryStuck());
  }

  get clock(): Clock {
    return this.#environment.clock;
  }

  get store(): Store {
    return this.#environment.store;
  }

  get memory(): MemoryGauge {
    return this.#environment.memory;
  }

  nextPosition(): number {
    return this.#environment.nextPosition();
  }

  /** Puts back what the store had, but for messages. */
  restore(stored: StoredVhost): void {
    for (const exchange of stored.exchanges) this.exchanges.restore(exchange);
    for (const queue of stored.queues) this.queues.restore(queue);
    for (const definition of stored.bindings) {
      const destination = this.#destination(definition);
      const source = this.exchanges.find(definition.source);
      if (source === undefined || destination === undefined) continue;
      this.#bindings.add(toBinding(source, destination, definition, true));
    }
  }

  /** Looks for what has expired; after everything was put back. */
  resume(): void {
    for (const queue of this.queues) queue.resume();
  }

  /** Makes an exchange or finds the same one; see `Exchanges.declare`. */
  declareExchange(request: ExchangeRequest): void {
    this.exchanges.declare(request);
    this.#retrySoon();
  }

  /**
   * Deletes an exchange and its bindings; one that is not there is no error.
   * @throws {AmqpError} ACCESS_REFUSED for a predeclared one, PRECONDITION_FAILED when it is in use and `ifUnused` is set
   */
  deleteExchange(name: string, ifUnused: boolean): void {
    const exchange = this.exchanges.findDeletable(name);
    if (exchange === undefined) return;
    if (ifUnused && this.#bindings.countFrom(exchange) > 0) {
      throw new AmqpError('PRECONDITION_FAILED', `${this.exchanges.describe(name)} in use`);
    }
    this.#removeExchange(exchange);
  }

  /** Makes a queue or finds the same one; see `Queues.declare`. */
  declareQueue(definition: QueueDefinition, owner: Owner): Queue {
    const queue = this.queues.declare(definition, owner);
    this.#retrySoon();
    return queue;
  }

  /**
   * Deletes a queue; one that is not there is no error.
   * @returns how many messages were ready in it
   * @throws {AmqpError} see `Queues.findDeletable`
   */
  deleteQueue(name: string, owner: Owner, conditions: DeleteConditions): number {
    const queue = this.queues.findDeletable(name, owner, conditions);
    if (queue === undefined) return 0;
    const count = queue.messageCount;
    this.expire(queue);
    return count;
  }

  /** Ends a queue with its bindings: it was deleted, or its time is over. */
  expire(queue: Queue): void {
    if (!this.queues.delete(queue)) return;
    this.#stuck.delete(queue);
    for (const binding of this.#bindings.to(queue)) this.#removeBinding(binding);
  }

  /** Deletes the exclusive queues of a connection that has ended. */
  releaseOwner(owner: Owner): void {
    for (const queue of this.queues.takeOwned(owner)) this.expire(queue);
  }

  /**
   * Makes a binding; an equal one that is there already stays as it is.
   * @throws {AmqpError} NOT_FOUND, ACCESS_REFUSED for the default exchange, RESOURCE_LOCKED, or PRECONDITION_FAILED for
   *   arguments that the exchange's type refuses
   */
  bind(definition: BindingDefinition, owner: Owner): void {
    const [source, destination] = this.#ends(definition, owner);
    source.router.checkBinding?.(definition.arguments);
    if (this.#bindings.find(source, definition) !== undefined) return;
    const durable = source.definition.durable && destination.definition.durable;
    this.#bindings.add(toBinding(source, destination, definition, durable));
    if (durable) this.store.saveBinding(this.vhost, definition);
    this.#retrySoon();
  }

  /**
   * Removes a binding; it is no error when it, or what it was between, is not there.
   * @throws {AmqpError} ACCESS_REFUSED for the default exchange, RESOURCE_LOCKED
   */
  unbind(definition: BindingDefinition, owner: Owner): void {
    refuseDefaults(definition);
    const source = this.exchanges.find(definition.source);
    const binding = source && this.#bindings.find(source, definition);
    if (binding === undefined) return;
    if (binding.destination instanceof Queue) this.queues.checkAccess(binding.destination, owner);
    this.#removeBinding(binding);
  }

  /**
   * The queues that a message is for; direct replies are handed over on the way.
   * @param keys its routing key and those of its CC and BCC headers
   */
  route(exchange: Exchange, message: Message, keys: readonly string[]): readonly Queue[] {
    if (exchange.name === '') this.#deliverReplies(message, keys);
    return routeMessage(this.#map, exchange, keys, () => message.content.headers());
  }

  /** Puts a message into queues, as one step for the store. */
  deliver(message: Message, queues: readonly Queue[]): Published {
    let result: Published = 'unroutable';
    for (const queue of queues) {
      const enqueued = queue.enqueue(message);
      if (enqueued === 'gone') continue;
      if (result === 'refused' || enqueued === 'refused') result = 'refused';
      else if (result !== 'stored') result = enqueued;
    }
    return result;
  }

  deadLetter(queue: Queue, message: Message, reason: DeathReason): void {
    this.#deadLetters.publish(queue, message, reason);
  }

  deadLetterToAll(queue: Queue, message: Message, reason: DeathReason, taken: Set<Queue>): boolean {
    return this.#deadLetters.publishToAll(queue, message, reason, taken);
  }

  /** Dead letters of a queue had nowhere to go: they are tried again soon, and when something is declared or bound. */
  retryLater(queue: Queue): void {
    this.#stuck.add(queue);
    this.#retry.by(this.clock.wall() + RETRY_MS);
  }

  /** No timer fires from now on. */
  stopTimers(): void {
    this.#retry.cancel();
    for (const queue of this.queues) queue.stopTimers();
  }

  #deliverReplies(message: Message, keys: readonly string[]): void {
    for (const key of new Set(keys)) if (key.startsWith(REPLY_TO_PREFIX)) this.directReplies.deliver(key, message);
  }

  /** Something was declared or bound: dead letters that had nowhere to go may have now. */
  #retrySoon(): void {
    if (this.#stuck.size > 0) this.#retry.by(this.clock.wall());
  }

  #retryStuck(): void {
    const queues = [...this.#stuck];
    this.#stuck.clear();
    for (const queue of queues) queue.retryDeadLetters();
  }

  #ends(definition: BindingDefinition, owner: Owner): [source: Exchange, destination: Destination] {
    refuseDefaults(definition);
    const source = this.exchanges.get(definition.source);
    const destination =
      definition.destinationType === 'queue'
        ? this.queues.get(definition.destination, owner)
        : this.exchanges.get(definition.destination);
    return [source, destination];
  }

  #destination({ destination, destinationType }: BindingDefinition): Destination | undefined {
    return destinationType === 'queue' ? this.queues.find(destination) : this.exchanges.find(destination);
  }

  #removeExchange(exchange: Exchange): void {
    this.exchanges.delete(exchange);
    for (const binding of this.#bindings.from(exchange)) this.#dropBinding(binding);
    for (const binding of this.#bindings.to(exchange)) this.#removeBinding(binding);
  }

  /** Removes a binding, and its exchange when that was the last one of an auto-delete exchange. */
  #removeBinding(binding: Binding): void {
    this.#dropBinding(binding);
    const { source } = binding;
    if (source.definition.autoDelete && this.#bindings.countFrom(source) === 0) this.#removeExchange(source);
  }

  #dropBinding(binding: Binding): void {
    this.#bindings.remove(binding);
    if (binding.durable) this.store.deleteBinding(this.vhost, binding.definition);
  }
}

function toBinding(
  source: Exchange,
  destination: Destination,
  definition: BindingDefinition,
  durable: boolean,
): Binding {
  const { routingKey, arguments: table } = definition;
  return { source, destination, definition, durable, routingKey, arguments: table };
}

function refuseDefaults({ source, destination, destinationType }: BindingDefinition): void {
  if (destinationType === 'exchange') refuseDefault(destination);
  refuseDefault(source);
}
