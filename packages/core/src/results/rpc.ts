import type { Connection, Link } from '../broker/connection.js';
import { ConsumeChannel } from '../broker/consume-channel.js';
import type { Delivery } from '../broker/consume-session.js';
import { declare, lookAtQueue, onThrowawayChannel } from '../broker/declare.js';
import { replyQueueTopology } from '../broker/topology.js';
import { TqError, toError } from '../errors.js';
import { decodeReply, isFinal, type Reply } from '../protocol/reply.js';
import type { Runtime } from '../runtime.js';
import { within } from '../time/within.js';
import type { CallListener } from './transport.js';

export interface RpcOptions {
  /** A connection that nothing is published on, so that a blocked broker still takes the acks. */
  readonly connection: Connection;
  /** Name of this client's own reply queue. */
  readonly queue: string;
  /** Calls that wait for a reply, at most; beyond it the oldest is given up. */
  readonly maxWaiters: number;
  readonly runtime: Runtime;
}

/** Replies in one burst that are not acked yet. */
const PREFETCH = 1_000;
/** How long the broker may take to delete the reply queue when the app closes. */
const DELETE_TIMEOUT_MS = 2_000;

/**
 * One reply queue and one consumer for all calls of a process: finds the call that a reply answers.
 * A waiter is registered before its call is published, since a reply may be quicker than the publisher's confirm.
 */
export class Rpc {
  readonly #options: RpcOptions;
  readonly #waiters = new Map<string, CallListener>();
  readonly #channel: ConsumeChannel;
  #started: Promise<void> | undefined;
  #declared = false;
  #ready = false;

  constructor(options: RpcOptions) {
    this.#options = options;
    this.#channel = new ConsumeChannel({
      connection: options.connection,
      queue: options.queue,
      prefetch: PREFETCH,
      exclusive: true,
      prepare: (link) => this.#prepare(link),
      onDelivery: (delivery) => this.#received(delivery),
      onLost: () => undefined,
      runtime: options.runtime,
    });
  }

  /** Name of the reply queue, a call's `reply_to`. */
  get queue(): string {
    return this.#options.queue;
  }

  /** True once the reply queue has been consumed for the first time: replies have somewhere to go. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Declares the reply queue and consumes it, once; after a failure the next call tries again. */
  start(): Promise<void> {
    this.#started ??= this.#channel.start().then(
      () => {
        this.#ready = true;
      },
      (error: unknown) => {
        this.#started = undefined;
        throw error;
      },
    );
    return this.#started;
  }

  /** Listens for the replies of a call; the oldest waiter beyond the bound is told `result-forgotten`. */
  register(taskId: string, listener: CallListener): void {
    this.#waiters.set(taskId, listener);
    if (this.#waiters.size <= this.#options.maxWaiters) return;
    const [oldest] = this.#waiters;
    if (oldest === undefined) return;
    this.#waiters.delete(oldest[0]);
    oldest[1].failed(
      new TqError(
        'result-forgotten',
        `More than ${this.#options.maxWaiters} results are awaited, so the oldest was given up. ` +
          'Get or forget() results as they come, pass ignoreResult, or raise maxWaiters.',
        { fields: { taskId: oldest[0] } },
      ),
    );
  }

  forget(taskId: string): void {
    this.#waiters.delete(taskId);
  }

  /** Keeps the process alive while a reply is awaited. */
  hold(): () => void {
    return this.#options.connection.hold();
  }

  /** Stops consuming and ends every waiter with the code `closed`. */
  async close(): Promise<void> {
    for (const [taskId, listener] of this.#waiters) {
      const text = 'The app was closed before the result came; the task itself goes on.';
      listener.failed(new TqError('closed', text, { fields: { taskId } }));
    }
    this.#waiters.clear();
    if (this.#started === undefined) return;
    await this.#channel.close();
    await this.#deleteQueue();
  }

  /** Nobody reads it any more, and a worker whose reply finds no queue knows that. With a reply in it, it expires by itself. */
  async #deleteQueue(): Promise<void> {
    const { connection, queue, runtime } = this.#options;
    const { link } = connection;
    if (link === undefined || !this.#declared) return;
    const deleting = onThrowawayChannel(link.model, (channel) => channel.deleteQueue(queue, { ifEmpty: true }));
    await within(runtime.clock, DELETE_TIMEOUT_MS, deleting);
  }

  async #prepare(link: Link): Promise<void> {
    const topology = replyQueueTopology(this.#options.queue);
    if (this.#declared) {
      const look = await lookAtQueue(link.model, this.#options.queue);
      if (look.kind === 'there') return;
      if (look.kind === 'away') throw look.error;
      this.#repliesLost();
    }
    await declare(link.model, topology);
    this.#declared = true;
  }

  #repliesLost(): void {
    const lost = [...this.#waiters];
    this.#waiters.clear();
    for (const [taskId, listener] of lost) {
      const text =
        `The reply queue '${this.#options.queue}' was deleted while the connection was away, so the reply may be lost. ` +
        'Whether the task ran is unknown.';
      listener.failed(new TqError('replies-lost', text, { fields: { taskId } }));
    }
  }

  #received(delivery: Delivery): void {
    delivery.ack();
    const { body, properties } = delivery.message;
    let reply: Reply;
    try {
      reply = decodeReply(body.toString('utf8'));
    } catch (error) {
      this.#malformed(properties.correlationId, toError(error));
      return;
    }
    const listener = this.#waiters.get(reply.taskId);
    if (listener === undefined) return;
    if (isFinal(reply)) {
      this.#waiters.delete(reply.taskId);
    }
    listener.replied(reply);
  }

  /** A reply that nobody can read ends the wait that it names, since no better one will come. */
  #malformed(taskId: string | undefined, error: Error): void {
    this.#options.runtime.logger.warn({ err: error, taskId }, 'a message in the reply queue is no reply');
    const listener = taskId === undefined ? undefined : this.#waiters.get(taskId);
    if (taskId === undefined || listener === undefined) return;
    this.#waiters.delete(taskId);
    listener.failed(error);
  }
}
