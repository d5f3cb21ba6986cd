import type { Connection } from '../broker/connection.js';
import type { Delivery } from '../broker/consume-session.js';
import type { Topology } from '../broker/topology.js';
import { TqError, toError } from '../errors.js';
import type { InboundMessage } from '../protocol/message.js';
import { furtherReplyQueue } from '../protocol/names.js';
import { decodeReply, isFinal, type Reply } from '../protocol/reply.js';
import type { Runtime } from '../runtime.js';
import { ReplyQueue } from './reply-queue.js';
import { type CallListener, closedMeanwhile, type QuestionListener } from './transport.js';

/** Messages that are no replies and come to the reply queue by an exchange. */
export interface Questions {
  /** Their property `type`. */
  readonly type: string;
  /** What brings them to a reply queue. */
  topologyOf(queue: string): Topology;
  take(question: InboundMessage): void;
}

export interface RpcOptions {
  /** A connection that nothing is published on, so that a blocked broker still takes the acks. */
  readonly connection: Connection;
  /** Name of this client's own reply queue. */
  readonly queue: string;
  /** Calls that wait for a reply, at most; beyond it the oldest is given up. */
  readonly maxWaiters: number;
  readonly runtime: Runtime;
}

/**
 * One reply queue and one consumer for all calls of a process: finds the call that a reply answers.
 * A waiter is registered before its call is published, since a reply may be quicker than the publisher's confirm.
 *
 * A reply queue lives on the node of a cluster that it was declared on. While that one is away, new calls name another
 * queue, on a node that is there; replies to earlier calls wait at their workers and come when the node is back.
 */
export class Rpc {
  readonly #options: RpcOptions;
  /** The first one, and one more for each time that all of them were away: no more than the cluster has nodes. */
  readonly #queues: ReplyQueue[];
  #current: ReplyQueue;
  #started: Promise<void> | undefined;
  #ready = false;
  #closed = false;
  /** Who takes questions, once somebody does. */
  #questions: Questions | undefined;
  /** A question was asked: answers that nobody waits for any more are nothing unusual then. */
  #asked = false;
  /** The broker has refused the binding by which they would come. */
  #refused = false;

  constructor(options: RpcOptions) {
    this.#options = options;
    this.#current = this.#createQueue(options.queue);
    this.#queues = [this.#current];
  }

  /** Name of the reply queue, a call's `reply_to`. */
  get queue(): string {
    return this.#current.name;
  }

  /** True once the reply queue has been consumed for the first time: replies have somewhere to go. */
  get ready(): boolean {
    return this.#ready;
  }

  /**
   * Resolves with true when every reply that was sent before has come in to who waits for it, and with false where a
   * reply queue is not consumed now.
   */
  async caughtUp(): Promise<boolean> {
    const awaited = this.#queues.filter(({ waiters }) => waiters.size > 0);
    const answers = await Promise.all(awaited.map((queue) => queue.caughtUp()));
    return answers.every((caughtUp) => caughtUp);
  }

  /** Declares the reply queue and consumes it, once; after a failure the next call tries again. */
  start(): Promise<void> {
    this.#started ??= this.#current.start().then(
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

  /**
   * Listens at `queue` for the replies of a call that is published with it, in the same turn; the oldest waiter beyond
   * the bound is told `result-forgotten`.
   */
  register(taskId: string, listener: CallListener): void {
    this.#register(taskId, listener);
  }

  /** The same for the answer to a question, which comes with this correlation id. */
  registerQuestion(id: string, listener: QuestionListener): void {
    this.#asked = true;
    this.#register(id, listener);
  }

  /**
   * Has whatever is published to the exchange of the topology brought to the reply queue as well, messages of this type, and
   * gives it to `take`, from now on and over reconnects. Where the broker refuses that, the log says so once.
   */
  takeQuestions(questions: Questions): void {
    this.#questions = questions;
    for (const queue of this.#queues) this.#bind(queue, questions);
  }

  #bind(queue: ReplyQueue, { topologyOf }: Questions): void {
    const { logger } = this.#options.runtime;
    queue.bind(topologyOf(queue.name), (err) => {
      if (this.#refused) return;
      this.#refused = true;
      logger.warn({ err }, 'nobody can ask this program how far its workflows are (tq workflow); all else works');
    });
  }

  #register(taskId: string, listener: CallListener | QuestionListener): void {
    const { maxWaiters } = this.#options;
    this.#current.waiters.set(taskId, listener);
    if (this.#waiting() <= maxWaiters) return;
    const { waiters } = this.#longestWaited();
    const [oldest] = waiters;
    if (oldest === undefined) return;
    waiters.delete(oldest[0]);
    oldest[1].failed(
      new TqError(
        'result-forgotten',
        `More than ${maxWaiters} results are awaited, so the oldest was given up. ` +
          'Get or forget() results as they come, pass ignoreResult, or raise maxWaiters.',
        { fields: { taskId: oldest[0] } },
      ),
    );
  }

  #waiting(): number {
    if (this.#queues.length === 1) return this.#current.waiters.size;
    return this.#queues.reduce((sum, queue) => sum + queue.waiters.size, 0);
  }

  /** Waiters of a queue that is not the current one were there before those of the current one. */
  #longestWaited(): ReplyQueue {
    return this.#queues.find((queue) => queue !== this.#current && queue.waiters.size > 0) ?? this.#current;
  }

  forget(taskId: string): void {
    for (const { waiters } of this.#queues) waiters.delete(taskId);
  }

  /** Keeps the process alive while a reply is awaited. */
  hold(): () => void {
    return this.#options.connection.hold();
  }

  /** Stops consuming and ends every waiter with the code `closed`. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { waiters } of this.#queues) {
      for (const [taskId, listener] of waiters) listener.failed(closedMeanwhile(taskId));
      waiters.clear();
    }
    if (this.#started === undefined) return;
    await Promise.all(this.#queues.map((queue) => queue.close()));
  }

  #createQueue(name: string): ReplyQueue {
    return new ReplyQueue({
      connection: this.#options.connection,
      name,
      runtime: this.#options.runtime,
      onReply: (queue, delivery) => this.#received(queue, delivery),
      onDeleted: (queue) => this.#repliesLost(queue),
      onAway: () => this.#away(),
    });
  }

  /** New calls go where replies can come; a further queue is declared where none can. */
  #away(): void {
    const attached = this.#queues.find((queue) => queue.attached);
    if (attached !== undefined) this.#current = attached;
    if (this.#closed || !this.#queues.every((queue) => queue.away)) return;
    const further = this.#createQueue(furtherReplyQueue(this.#options.queue, this.#queues.length + 1));
    this.#queues.push(further);
    if (this.#questions !== undefined) this.#bind(further, this.#questions);
    // Until it is there, a reply to it would find no queue and be dropped.
    const { logger } = this.#options.runtime;
    further.start().then(
      () => {
        this.#current = further;
        logger.warn({ queue: further.name }, 'the node of the reply queue is away: new calls are answered on another');
      },
      (err: unknown) => logger.warn({ err }, 'no further reply queue'),
    );
  }

  #repliesLost({ name, waiters }: ReplyQueue): void {
    const lost = [...waiters];
    waiters.clear();
    for (const [taskId, listener] of lost) {
      const text =
        `The reply queue '${name}' was deleted while the connection was away, so the reply may be lost. ` +
        'Whether the task ran is unknown.';
      listener.failed(new TqError('replies-lost', text, { fields: { taskId } }));
    }
  }

  #received({ waiters }: ReplyQueue, delivery: Delivery): void {
    delivery.ack();
    const { body, properties } = delivery.message;
    if (this.#asked && this.#answered(waiters, delivery.message)) return;
    if (this.#questions !== undefined && properties.type === this.#questions.type) {
      this.#questions.take(delivery.message);
      return;
    }
    let reply: Reply;
    try {
      reply = decodeReply(body.toString('utf8'));
    } catch (error) {
      this.#malformed(waiters, properties.correlationId, toError(error));
      return;
    }
    const place = waiters.has(reply.taskId) ? waiters : this.#elsewhere(reply.taskId);
    const listener = place?.get(reply.taskId);
    // Whoever asked a foreign program takes what comes under its correlation id, and nothing else.
    if (listener === undefined || listener.answered !== undefined) return;
    if (isFinal(reply)) place?.delete(reply.taskId);
    listener.replied(reply);
  }

  /** What follows several calls is answered where one of them is, whichever it was that it was waited for with. */
  #elsewhere(taskId: string): ReplyQueue['waiters'] | undefined {
    if (this.#queues.length === 1) return undefined;
    return this.#queues.find(({ waiters }) => waiters.has(taskId))?.waiters;
  }

  /** @returns false for what no question waits for */
  #answered(waiters: ReplyQueue['waiters'], message: InboundMessage): boolean {
    const { correlationId } = message.properties;
    const listener = correlationId === undefined ? undefined : waiters.get(correlationId);
    if (correlationId === undefined || listener?.answered === undefined) return false;
    waiters.delete(correlationId);
    listener.answered(message);
    return true;
  }

  /** A reply that nobody can read ends the wait that it names, since no better one will come. */
  #malformed(waiters: ReplyQueue['waiters'], taskId: string | undefined, error: Error): void {
    const { logger } = this.#options.runtime;
    const listener = taskId === undefined ? undefined : waiters.get(taskId);
    const late = this.#asked && listener === undefined;
    logger[late ? 'debug' : 'warn']({ err: error, taskId }, 'a message in the reply queue is no reply');
    if (taskId === undefined || listener === undefined) return;
    waiters.delete(taskId);
    listener.failed(error);
  }
}
