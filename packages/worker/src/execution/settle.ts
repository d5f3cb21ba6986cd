import {
  type AppInternals,
  assertNever,
  copyMessage,
  type DeadLetterReason,
  type DeathCertificate,
  deadLetterExchange,
  declare,
  type EncodedError,
  encodeBareDeadLetter,
  encodeDeadLetter,
  encodeError,
  encodeReplyWithin,
  type FinalState,
  fullJitter,
  type Headers,
  type InboundMessage,
  type Lease,
  lookAtQueue,
  type OutboundMessage,
  type PublishEnd,
  TqError,
} from '@tq/core/internal';
import type { Outcome } from './outcome.js';

/** What is settled: a run, or a delivery that never became one. */
export interface Settleable extends Lease {
  readonly queue: string;
  readonly message: InboundMessage;
  ack(): void;
  requeue(): void;
}

/** Who is to be told of the end; undefined when nobody asked. */
export interface ReplyAddress {
  readonly taskId: string;
  readonly replyTo: string;
}

/**
 * How a publish of settling ended: it is where it belongs, there is nobody to get it, the delivery is not ours any
 * more, or AMQP cannot carry it.
 */
type Sent = 'sent' | 'nobody' | 'abandoned' | 'unsendable';

/** Why something is given up. */
interface Death {
  readonly reason: DeadLetterReason;
  readonly failure: EncodedError;
}

const RETRY = { baseMs: 100, maxMs: 5_000 };

/**
 * Ends deliveries: publishes the reply, the copy or the dead letter, gets its confirm, and only then acks. A crash in
 * between repeats the task and never loses it. What a lost delivery wanted to publish is dropped with its lease.
 */
export class Settler {
  readonly #app: AppInternals;
  readonly #worker: string;

  /** @param worker name of the worker, for dead letters */
  constructor(app: AppInternals, worker: string) {
    this.#app = app;
    this.#worker = worker;
  }

  /**
   * Resolves when the delivery is settled, or is not ours any more; never rejects. Undefined when that is done already,
   * since there was nothing to publish: most runs with `ignoreResult` cost no promise.
   */
  settle(item: Settleable, outcome: Outcome, reply: ReplyAddress | undefined): Promise<void> | undefined {
    switch (outcome.kind) {
      case 'done':
        if (reply !== undefined) return this.#answer(item, reply, outcome.state);
        item.ack();
        return undefined;
      case 'dead':
        return this.#giveUp(item, outcome, reply);
      case 'again':
        return this.#again(item, outcome.headers, reply);
      case 'give-back':
        item.requeue();
        return undefined;
      default:
        return assertNever(outcome);
    }
  }

  async #answer(item: Settleable, reply: ReplyAddress, state: FinalState): Promise<void> {
    if ((await this.#reply(item, reply, state)) !== 'abandoned') item.ack();
  }

  async #giveUp(item: Settleable, death: Death, reply: ReplyAddress | undefined): Promise<void> {
    if (await this.#bury(item, death, reply)) item.ack();
  }

  /** A copy that AMQP cannot carry (its headers passed 64 KiB) would be tried for ever, so it ends as a dead letter. */
  async #again(item: Settleable, headers: Headers, reply: ReplyAddress | undefined): Promise<void> {
    const sent = await this.#toQueue(item, '', item.queue, copyMessage(item.message, headers));
    if (sent === 'sent') item.ack();
    if (sent !== 'unsendable') return;
    const error = new TqError(
      'poison',
      'The message has to be published again and its headers are too large for that.',
    );
    await this.#giveUp(item, { reason: 'poison', failure: encodeError(error) }, reply);
  }

  async #bury(item: Settleable, { reason, failure }: Death, reply: ReplyAddress | undefined): Promise<boolean> {
    const death: DeathCertificate = { reason, failure, worker: this.#worker, time: this.#app.runtime.clock.wallTime() };
    const [buried, told] = await Promise.all([
      this.#leaveDeadLetter(item, death),
      reply === undefined ? 'nobody' : this.#reply(item, reply, { status: 'FAILURE', failure }),
    ]);
    return buried === 'sent' && told !== 'abandoned';
  }

  async #leaveDeadLetter(item: Settleable, death: DeathCertificate): Promise<Sent> {
    const exchange = deadLetterExchange(this.#app.options.prefix);
    const sent = await this.#toQueue(item, exchange, item.queue, encodeDeadLetter(item.message, death));
    if (sent !== 'unsendable') return sent;
    return this.#toQueue(item, exchange, item.queue, encodeBareDeadLetter(item.message, death));
  }

  async #reply(item: Settleable, address: ReplyAddress, state: FinalState): Promise<Sent> {
    const message = encodeReplyWithin(this.#app.options.maxMessageBytes, address.taskId, state);
    for (let attempt = 0; ; attempt++) {
      const end = await this.#publish(item, '', address.replyTo, message);
      const sent = settled(end);
      if (sent !== undefined) return sent;
      if (end.kind === 'returned' && (await this.#replyQueueIsGone(address))) return 'nobody';
      await this.#pause(attempt);
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

  /** Publishes what must arrive: a copy or a dead letter; a queue that was deleted is declared again. */
  async #toQueue(item: Settleable, exchange: string, routingKey: string, message: OutboundMessage): Promise<Sent> {
    for (let attempt = 0; ; attempt++) {
      const sent = settled(await this.#publish(item, exchange, routingKey, message));
      if (sent !== undefined) return sent;
      await this.#restoreQueue(item.queue);
      await this.#pause(attempt);
    }
  }

  async #restoreQueue(queue: string): Promise<void> {
    const { link } = this.#app.broker().publishing;
    if (link === undefined) return;
    await declare(link.model, this.#app.topologyOf(queue)).catch((err: unknown) => {
      this.#app.runtime.logger.warn({ queue, err }, 'cannot declare the queue again yet; trying again');
    });
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
function settled(end: PublishEnd): Sent | undefined {
  switch (end.kind) {
    case 'confirmed':
      return 'sent';
    case 'abandoned':
      return 'abandoned';
    case 'returned':
      return undefined;
    case 'failed':
      if (end.error.code === 'closed') return 'abandoned';
      return end.error.code === 'unserialisable' ? 'unsendable' : undefined;
    default:
      return assertNever(end);
  }
}
