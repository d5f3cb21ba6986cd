import {
  type AppInternals,
  assertNever,
  deadLetterTopology,
  declare,
  encodePlainReply,
  encodeReplyWithin,
  type FinalState,
  fullJitter,
  isConflictOf,
  isDirectReply,
  type Lease,
  lookAtQueue,
  type OutboundMessage,
  type PublishEnd,
  type Topology,
  TqError,
} from '@tq/core/internal';
import type { ReplyAddress } from './reply-address.js';

/** Where a message goes, and the queue that it is for: where that was deleted it is declared again. */
export interface Destination {
  readonly exchange: string;
  readonly routingKey: string;
  /** Full name, prefix included. */
  readonly queue: string;
  /** To the dead letters of that queue, which alone are declared. */
  readonly dead?: boolean;
  /** What is for it is given up where it is missing and the broker, or its name, does not let it be declared. */
  readonly optional?: boolean;
}

/**
 * How a publish of settling ended: it is where it belongs, there is nobody to get it, the delivery is not ours any
 * more, or AMQP cannot carry it.
 */
export type Sent = 'sent' | 'nobody' | 'abandoned' | 'unsendable';

const RETRY = { baseMs: 100, maxMs: 5_000 };
/** A reply queue that is full is tried so often, about 10 s: it is its reader's to empty, and a slot waits for it. */
const MAX_REFUSALS = 10;

/**
 * Carries what settling publishes, and tries until it is where it belongs, or until its delivery is lost: then somebody
 * else has the task, and what this one wanted to say is dropped.
 */
export class Courier {
  readonly #app: AppInternals;
  /** Who waits for the delays, for as long as its delivery is its own. */
  readonly #waiting = new Set<{ readonly lease: Lease; readonly leave: () => void }>();

  constructor(app: AppInternals) {
    this.#app = app;
  }

  /** Lets go of what waits for the delays and has lost its delivery meanwhile; the broker may be away for long. */
  dropAbandoned(): void {
    for (const { lease, leave } of this.#waiting) if (!lease.alive) leave();
  }

  /** Sends what must arrive. */
  async send(lease: Lease, destination: Destination, message: OutboundMessage): Promise<Sent> {
    const { exchange, routingKey, queue, dead = false, optional = false } = destination;
    const { prefix, queueType: type } = this.#app.options;
    const topology = () => (dead ? deadLetterTopology(queue, { prefix, type }) : this.#app.topologyOf(queue));
    for (let attempt = 0; ; attempt++) {
      const sent = settled(await this.#publish(lease, exchange, routingKey, message), routingKey);
      if (sent !== undefined) return sent;
      if ((await this.#restore(queue, topology)) === 'refused' && optional) return 'nobody';
      await this.#pause(attempt);
    }
  }

  /**
   * Sends what is to come back to the queue after a delay, ms.
   * @throws {TqError} by rejection, when it cannot be delayed
   */
  async sendLater(lease: Lease, queue: string, delayMs: number, message: OutboundMessage): Promise<Sent> {
    const { delays } = this.#app.broker();
    const { clock } = this.#app.runtime;
    const due = clock.monotonic() + delayMs;
    for (let attempt = 0; ; attempt++) {
      const ready = delayMs > 0 ? delays.ready(queue) : true;
      if (ready !== true && !(await this.#waitFor(ready, lease))) return 'abandoned';
      const { exchange, routingKey } = delays.route(queue, due - clock.monotonic());
      const sent = settled(await this.#publish(lease, exchange, routingKey, message), routingKey);
      if (sent !== undefined) return sent;
      delays.forget();
      await this.#restore(queue, () => this.#app.topologyOf(queue));
      await this.#pause(attempt);
    }
  }

  /** Answers a caller, unless it and its reply queue are gone. */
  async reply(lease: Lease, address: ReplyAddress, state: FinalState): Promise<Sent> {
    const { taskId, plain } = address;
    const { maxMessageBytes } = this.#app.options;
    const message =
      plain === undefined
        ? encodeReplyWithin(maxMessageBytes, taskId, state)
        : encodePlainReply(plain, state, maxMessageBytes);
    let refusals = 0;
    for (let attempt = 0; ; attempt++) {
      const end = await this.#publish(lease, '', address.replyTo, message);
      const sent = settled(end, address.replyTo);
      if (sent === 'unsendable') this.#dropped(address, 'AMQP cannot carry its address or its correlation id');
      if (sent === 'nobody') this.#dropped(address, 'it is no address that the broker knows');
      if (sent !== undefined) return sent;
      if (end.kind === 'returned') {
        if (await this.#replyQueueIsGone(address)) return 'nobody';
        // RabbitMQ returns these although it has handed them over, since no queue got them.
        if (isDirectReply(address.replyTo)) return 'sent';
      }
      refusals = isNack(end) ? refusals + 1 : 0;
      if (refusals === MAX_REFUSALS) {
        this.#dropped(address, 'the broker refused it again and again: its reply queue is full');
        return 'nobody';
      }
      await this.#pause(attempt);
    }
  }

  /** Tells a caller what it may miss: one try. Resolves when that is over; never rejects. */
  async mention(lease: Lease, { replyTo }: ReplyAddress, message: OutboundMessage): Promise<void> {
    await this.#publish(lease, '', replyTo, message).catch(() => undefined);
  }

  /** Resolves with true when it is ready, and with false when the lease ends first. */
  async #waitFor(ready: Promise<void>, lease: Lease): Promise<boolean> {
    let leave: () => void = () => undefined;
    const lost = new Promise<false>((resolve) => {
      leave = () => resolve(false);
    });
    const waiting = { lease, leave };
    this.#waiting.add(waiting);
    try {
      return await Promise.race([ready.then(() => true), lost]);
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  /** A queue that is away with its node returns like one that is gone, and comes back with the node. */
  async #replyQueueIsGone({ taskId, replyTo }: ReplyAddress): Promise<boolean> {
    const { link } = this.#app.broker().publishing;
    if (link === undefined) return false;
    const look = await lookAtQueue(link.model, replyTo).catch(() => undefined);
    if (look?.kind !== 'missing') return false;
    this.#app.runtime.logger.info(
      { id: taskId, replyTo },
      'nobody waits for this result any more: its reply queue is gone',
    );
    return true;
  }

  #dropped({ taskId, replyTo }: ReplyAddress, why: string): void {
    this.#app.runtime.logger.warn({ id: taskId, replyTo }, `a reply is dropped: ${why}`);
  }

  /** @returns `refused` where no waiting mends it: somebody else has to */
  async #restore(queue: string, topology: () => Topology): Promise<'refused' | undefined> {
    const { link } = this.#app.broker().publishing;
    if (link === undefined) return undefined;
    try {
      await declare(link.model, topology());
      return undefined;
    } catch (err) {
      // Somebody has declared it meanwhile, in another way.
      if (isConflictOf(queue, err)) return undefined;
      this.#app.runtime.logger.warn({ queue, err }, 'cannot declare the queue that a message is for');
      return err instanceof TqError ? 'refused' : undefined;
    }
  }

  #publish(lease: Lease, exchange: string, routingKey: string, message: OutboundMessage): Promise<PublishEnd> {
    return new Promise((onEnd) => {
      this.#app.broker().publisher.publish({ exchange, routingKey, message, timeoutMs: undefined, lease, onEnd });
    });
  }

  #pause(attempt: number): Promise<void> {
    const { clock, random } = this.#app.runtime;
    return new Promise((resolve) => clock.setTimer(resolve, fullJitter(attempt, RETRY, random())));
  }
}

/** What the end of a publish means for the delivery; undefined when it is worth another try. */
function settled(end: PublishEnd, routingKey: string): Sent | undefined {
  switch (end.kind) {
    case 'confirmed':
      return 'sent';
    case 'abandoned':
      return 'abandoned';
    case 'returned':
      return undefined;
    case 'failed':
      if (end.error.code === 'closed') return 'abandoned';
      // RabbitMQ closes the connection of who publishes to a malformed address: once more would do it once more.
      if (isNack(end) && isDirectReply(routingKey)) return 'nobody';
      return end.error.code === 'unserialisable' ? 'unsendable' : undefined;
    default:
      return assertNever(end);
  }
}

function isNack(end: PublishEnd): boolean {
  return end.kind === 'failed' && end.error.code === 'publish-nacked';
}
