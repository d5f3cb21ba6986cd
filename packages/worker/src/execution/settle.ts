import {
  type AppInternals,
  assertNever,
  copyMessage,
  type DeathCertificate,
  deadLetterExchange,
  declare,
  encodeBareDeadLetter,
  encodeDeadLetter,
  encodeError,
  encodeReply,
  type FinalState,
  fullJitter,
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

/** How a publish of settling ended: it is where it belongs, there is nobody to get it, or the delivery is not ours any more. */
type Sent = 'sent' | 'nobody' | 'abandoned';

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

  /** Resolves when the delivery is settled, or is not ours any more. Never rejects. */
  async settle(item: Settleable, outcome: Outcome, reply: ReplyAddress | undefined): Promise<void> {
    switch (outcome.kind) {
      case 'done':
        if (reply === undefined || (await this.#reply(item, reply, outcome.state)) !== 'abandoned') item.ack();
        return;
      case 'dead':
        if (await this.#bury(item, outcome, reply)) item.ack();
        return;
      case 'again':
        if ((await this.#toQueue(item, '', item.queue, copyMessage(item.message, outcome.headers))) === 'sent')
          item.ack();
        return;
      case 'give-back':
        item.requeue();
        return;
      default:
        assertNever(outcome);
    }
  }

  async #bury(
    item: Settleable,
    outcome: Extract<Outcome, { kind: 'dead' }>,
    reply: ReplyAddress | undefined,
  ): Promise<boolean> {
    const { reason, failure } = outcome;
    const death: DeathCertificate = { reason, failure, worker: this.#worker, time: this.#app.runtime.clock.wallTime() };
    const exchange = deadLetterExchange(this.#app.options.prefix);
    const letter = encodeDeadLetter(item.message, death);
    const bare = () => encodeBareDeadLetter(item.message, death);
    const [buried, told] = await Promise.all([
      this.#toQueue(item, exchange, item.queue, letter, bare),
      reply === undefined ? 'nobody' : this.#reply(item, reply, { status: 'FAILURE', failure }),
    ]);
    return buried === 'sent' && told !== 'abandoned';
  }

  async #reply(item: Settleable, address: ReplyAddress, state: FinalState): Promise<Sent> {
    const message = this.#encodeReply(address, state);
    for (let attempt = 0; ; attempt++) {
      const end = await this.#publish(item, '', address.replyTo, message);
      if (end.kind === 'confirmed') return 'sent';
      if (end.kind === 'abandoned' || isClosed(end)) return 'abandoned';
      if (end.kind === 'returned' && (await this.#replyQueueIsGone(address))) return 'nobody';
      await this.#pause(attempt);
    }
  }

  /** A result that is larger than a message may be becomes a failure that says so. */
  #encodeReply({ taskId }: ReplyAddress, state: FinalState): OutboundMessage {
    const message = encodeReply(taskId, state);
    const { maxMessageBytes } = this.#app.options;
    if (message.body.length <= maxMessageBytes) return message;
    const text =
      `The reply has ${message.body.length} bytes, more than the ${maxMessageBytes} that maxMessageBytes allows; ` +
      'store the result elsewhere and return a reference.';
    return encodeReply(taskId, { status: 'FAILURE', failure: encodeError(new TqError('message-too-large', text)) });
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
  async #toQueue(
    item: Settleable,
    exchange: string,
    routingKey: string,
    message: OutboundMessage,
    fallback?: () => OutboundMessage,
  ): Promise<Sent> {
    for (let attempt = 0; ; attempt++) {
      const end = await this.#publish(item, exchange, routingKey, message);
      if (end.kind === 'confirmed') return 'sent';
      if (end.kind === 'abandoned' || isClosed(end)) return 'abandoned';
      if (end.kind === 'failed' && end.error.code === 'unserialisable' && fallback !== undefined) message = fallback();
      else await this.#restoreQueue(item.queue);
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

function isClosed(end: PublishEnd): boolean {
  return end.kind === 'failed' && end.error.code === 'closed';
}
