import { AmqpError } from '../errors.js';
import type { QueueDefinition } from './definitions.js';
import type { Environment } from './environment.js';
import { refuseReserved } from './exchanges.js';
import { type Owner, Queue, type QueueHost } from './queue.js';
import { assertServerNamed, comparedQueueArguments } from './queue-argument-checks.js';
import { readQueueArguments } from './queue-arguments.js';
import { assertSameArguments, assertSameFlag } from './redeclaration.js';
import { resourceName } from './resource-name.js';
import type { StoredQueue } from './store.js';

/** Conditions of queue.delete. */
export interface DeleteConditions {
  /** Only when nobody consumes. */
  readonly ifUnused: boolean;
  /** Only when no message is ready. */
  readonly ifEmpty: boolean;
}

/** The queues of a virtual host by name. */
export class Queues implements Iterable<Queue> {
  readonly #environment: Environment;
  readonly #host: QueueHost;
  readonly #byName = new Map<string, Queue>();
  /** The exclusive ones. */
  readonly #byOwner = new Map<Owner, Set<Queue>>();

  constructor(environment: Environment, host: QueueHost) {
    this.#environment = environment;
    this.#host = host;
  }

  [Symbol.iterator](): Iterator<Queue> {
    return this.#byName.values();
  }

  find(name: string): Queue | undefined {
    return this.#byName.get(name);
  }

  /**
   * The queue of a name, for a connection.
   * @throws {AmqpError} NOT_FOUND, or RESOURCE_LOCKED for another connection's exclusive queue
   */
  get(name: string, owner: Owner): Queue {
    const queue = this.#byName.get(name);
    if (queue === undefined) throw new AmqpError('NOT_FOUND', `no ${this.#describe(name)}`);
    this.checkAccess(queue, owner);
    return queue;
  }

  /** @throws {AmqpError} RESOURCE_LOCKED for another connection's exclusive queue */
  checkAccess(queue: Queue, owner: Owner): void {
    if (queue.owner !== undefined && queue.owner !== owner) throw locked(queue);
  }

  /** Puts back a queue that the store had; its messages follow (`Queue.restoreMessage`). */
  restore({ id, definition }: StoredQueue): void {
    const settings = readQueueArguments(definition, this.#host.vhost);
    const queue = new Queue(id, definition, settings, undefined, this.#host);
    this.#byName.set(definition.name, queue);
  }

  /**
   * Makes a queue, or makes sure that the one of this name is the same. An empty name asks for one from the broker.
   * @throws {AmqpError} ACCESS_REFUSED for a reserved name, RESOURCE_LOCKED for another connection's exclusive queue,
   *   PRECONDITION_FAILED for another one of the same name or a bad argument
   */
  declare(wanted: QueueDefinition, owner: Owner): Queue {
    refuseReserved('queue', wanted.name);
    const existing = wanted.name === '' ? undefined : this.#byName.get(wanted.name);
    if (existing !== undefined) {
      this.#compare(existing, wanted, owner);
      existing.declaredAgain();
      return existing;
    }
    if (wanted.name === '') assertServerNamed(wanted.arguments);
    const name = wanted.name === '' ? `amq.gen-${this.#environment.randomId()}` : wanted.name;
    // An exclusive queue goes with its connection, so there is nothing for it to outlive.
    const definition = { ...wanted, name, durable: wanted.durable && !wanted.exclusive };
    const settings = readQueueArguments({ ...wanted, name }, this.#host.vhost);
    const id = this.#environment.nextQueueId();
    const queue = new Queue(id, definition, settings, definition.exclusive ? owner : undefined, this.#host);
    this.#byName.set(name, queue);
    if (definition.exclusive) this.#byOwner.set(owner, (this.#byOwner.get(owner) ?? new Set()).add(queue));
    if (definition.durable) this.#environment.store.saveQueue(this.#host.vhost, id, definition);
    return queue;
  }

  /**
   * The queue that is to be deleted, or undefined when there is none.
   * @throws {AmqpError} RESOURCE_LOCKED, or PRECONDITION_FAILED when a condition is not met
   */
  findDeletable(name: string, owner: Owner, { ifUnused, ifEmpty }: DeleteConditions): Queue | undefined {
    const queue = this.#byName.get(name);
    if (queue === undefined) return undefined;
    this.checkAccess(queue, owner);
    if (ifUnused && queue.consumerCount > 0) throw new AmqpError('PRECONDITION_FAILED', `${queue.describe()} in use`);
    if (ifEmpty && queue.messageCount > 0) throw new AmqpError('PRECONDITION_FAILED', `${queue.describe()} not empty`);
    return queue;
  }

  /** Ends a queue; its bindings are the caller's business. False when it had ended before. */
  delete(queue: Queue): boolean {
    if (this.#byName.get(queue.name) !== queue) return false;
    this.#byName.delete(queue.name);
    if (queue.owner !== undefined) this.#byOwner.get(queue.owner)?.delete(queue);
    queue.delete();
    return true;
  }

  /** Takes the exclusive queues of a connection that has ended off the books, for the caller to delete. */
  takeOwned(owner: Owner): readonly Queue[] {
    const queues = [...(this.#byOwner.get(owner) ?? [])];
    this.#byOwner.delete(owner);
    return queues;
  }

  #compare(existing: Queue, wanted: QueueDefinition, owner: Owner): void {
    const { name, definition, settings } = existing;
    const { vhost } = this.#host;
    if (existing.owner !== (wanted.exclusive ? owner : undefined)) throw locked(existing);
    const durable = wanted.durable && !wanted.exclusive;
    assertSameFlag('queue', name, vhost, 'durable', definition.durable, durable);
    assertSameFlag('queue', name, vhost, 'auto_delete', definition.autoDelete, wanted.autoDelete);
    const compared = comparedQueueArguments(settings.type);
    assertSameArguments('queue', name, vhost, definition.arguments, wanted.arguments, compared);
  }

  #describe(name: string): string {
    return resourceName('queue', name, this.#host.vhost);
  }
}

function locked(queue: Queue): AmqpError {
  return new AmqpError(
    'RESOURCE_LOCKED',
    `cannot obtain exclusive access to locked ${queue.describe()}. It could be originally declared on another ` +
      'connection or the exclusive property value does not match that of the original declaration.',
  );
}
