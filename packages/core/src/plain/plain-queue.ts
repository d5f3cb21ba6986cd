import type { QueueDepth } from '../broker/queue-admin.js';
import type { QueueCallOptions } from '../broker/task-queue.js';
import { asPublishError, isPublishError } from '../errors.js';
import { encodeForeignBody, type ForeignFormat } from '../protocol/foreign-body.js';
import type { ForeignMessage } from '../protocol/foreign-message.js';
import { PendingPublication, type Publication } from '../results/publication.js';
import type { OutgoingMessage, PublishListener, Transport } from '../results/transport.js';
import { plainProperties, plainRoute } from './message-options.js';
import type { PlainConsumer } from './plain-consumer.js';
import {
  type PlainConsumeOptions,
  type PlainPublishOptions,
  publishProperties,
  resolvePlainConsume,
} from './plain-queue-options.js';
import { orQueueMissing } from './queue-missing.js';

/** What a plain queue needs of its app. */
export interface PlainQueueHost {
  readonly prefix: string;
  readonly transport: () => Transport;
  readonly newId: () => string;
  readonly publishTimeoutMs: number;
  /** Is told of a failure that nobody awaits. */
  readonly unobserved: (id: string, queue: string, error: Error) => void;
  /** @throws {TqError} `in-child`, `closed` */
  depth(queue: string, options?: QueueCallOptions): Promise<QueueDepth>;
  /** @throws {TqError} `in-child`, `closed` */
  createConsumer(options: {
    readonly queue: string;
    readonly format: ForeignFormat;
    readonly concurrency: number;
    readonly stopTimeoutMs: number;
    readonly handler: (body: unknown, message: ForeignMessage) => unknown;
  }): PlainConsumer;
}

/** What a plain queue is. */
export interface PlainQueueFacts {
  /** Without the app's prefix. */
  readonly name: string;
  /** With it. */
  readonly fullName: string;
  readonly format: ForeignFormat;
}

const WHERE = 'publish';

/**
 * A queue whose messages are no tasks: `app.plainQueue('orders', { format: 'text' })`. It is used as others declared it;
 * nothing is declared but the queue of its dead letters, with the first of them.
 * @typeParam T of the bodies
 */
export class PlainQueue<T = unknown> {
  readonly #host: PlainQueueHost;
  readonly #facts: PlainQueueFacts;
  readonly #consumers = new Set<PlainConsumer>();

  constructor(host: PlainQueueHost, facts: PlainQueueFacts) {
    this.#host = host;
    this.#facts = facts;
  }

  /** Its name without the app's prefix. */
  get name(): string {
    return this.#facts.name;
  }

  /**
   * Publishes a message, mandatory, confirmed and persistent, at once; await what it gives. Rejects with a `PublishError`:
   * `queue-missing`, `unroutable`, `unserialisable`, `invalid-option` and the codes of every publish.
   */
  publish(body: T, options: PlainPublishOptions = {}): Publication {
    const { transport, newId, unobserved, publishTimeoutMs } = this.#host;
    const id = options.messageId ?? newId();
    const publication = new PendingPublication(id, (error) => unobserved(id, this.name, error));
    try {
      const way = transport();
      const { target, message } = this.#message(id, body, options);
      const { deadline = publishTimeoutMs, signal } = options;
      const listener = namingMissing(way, target, publication);
      way.publish({ target, message, mandatory: true, publishTimeoutMs: deadline, signal, listener });
    } catch (thrown) {
      const error = asPublishError(thrown);
      queueMicrotask(() => publication.failed(error));
    }
    return publication;
  }

  /**
   * Publishes many messages, as fast as the broker confirms them and without overfilling the outbox.
   * Resolves when all are confirmed. Rejects with the first error once every publish has ended.
   */
  async bulk(bodies: Iterable<T> | AsyncIterable<T>, options: PlainPublishOptions = {}): Promise<void> {
    const open = new Set<Promise<void>>();
    let failure: { readonly error: unknown } | undefined;
    for await (const body of bodies) {
      const transport = this.#host.transport();
      for (let room = transport.room(); room !== undefined; room = transport.room()) await room;
      const end = Promise.resolve(this.publish(body, options)).catch((error: unknown) => {
        failure ??= { error };
      });
      const over: Promise<void> = end.then(() => void open.delete(over));
      open.add(over);
      // What follows would be aborted as well, however much that is.
      if (options.signal?.aborted) break;
    }
    await Promise.all(open);
    if (failure !== undefined) throw failure.error;
  }

  /**
   * Gives each message to the handler: the ack follows when it has ended, and where it throws a dead letter in
   * `QUEUE.dead`, then the ack. What a lost connection or a killed process had is delivered again. Consumes until
   * `stop()`, over lost connections, and keeps the process alive.
   * @throws {TqError} by rejection: `queue-missing` at once, `queue-in-use`, `access-refused`, `queue-timeout`, `in-child`,
   *   `invalid-option`, `unknown-option`, `closed`
   */
  async consume(
    handler: (body: T, message: ForeignMessage) => unknown,
    options: PlainConsumeOptions = {},
  ): Promise<void> {
    const resolved = resolvePlainConsume(options);
    const { fullName: queue, format } = this.#facts;
    // A consumer would wait for a queue that is missing, as it does later when its node is away.
    await this.depth();
    const own = handler as (body: unknown, message: ForeignMessage) => unknown;
    const consumer = this.#host.createConsumer({ queue, format, ...resolved, handler: own });
    this.#consumers.add(consumer);
    await consumer.start();
  }

  /** Consumes no more: waits for the handlers that run, at most `stopTimeout` of `consume`, and for their acks. */
  async stop(): Promise<void> {
    const consumers = [...this.#consumers];
    this.#consumers.clear();
    await Promise.all(consumers.map((consumer) => consumer.stop()));
  }

  /**
   * How many messages are ready and how many consumers there are.
   * @throws {TqError} by rejection, as `app.queue(name).depth()`
   */
  depth(options?: QueueCallOptions): Promise<QueueDepth> {
    return this.#host.depth(this.name, options);
  }

  #message(id: string, body: T, options: PlainPublishOptions): Pick<OutgoingMessage, 'target' | 'message'> {
    const { prefix } = this.#host;
    const { fullName: queue, format } = this.#facts;
    const own = publishProperties(options, WHERE);
    const target = plainRoute(options, { queue, prefix, where: WHERE });
    const properties = { ...plainProperties(options, { format, where: WHERE }), ...own, messageId: id };
    return { target, message: { properties, body: encodeForeignBody(body, format) } };
  }
}

/** Tells a missing queue by its own code. */
function namingMissing(
  transport: Transport,
  target: OutgoingMessage['target'],
  publication: PendingPublication,
): PublishListener {
  return {
    confirmed: () => publication.confirmed(),
    failed: (error) => {
      if (!isPublishError(error) || error.code !== 'unroutable') publication.failed(error);
      else void orQueueMissing(transport, target, error).then((named) => publication.failed(named));
    },
  };
}
