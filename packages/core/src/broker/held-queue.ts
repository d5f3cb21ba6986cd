import type { Channel, ChannelModel, ConsumeMessage, Options } from 'amqplib';
import { TqError, toError } from '../errors.js';
import type { InboundMessage, OutboundMessage, Properties } from '../protocol/message.js';
import type { Clock } from '../time/clock.js';
import { within } from '../time/within.js';
import { commit, requireQueue, selectTransactions } from './amqplib-internals.js';
import type { Route } from './delay-ladder.js';
import { endOfClosedMove, type MoveEnd } from './move-end.js';
import { explainRefusal } from './queue-refusal.js';

export interface HoldOptions {
  readonly clock: Clock;
  /** How long the broker may be silent, ms. */
  readonly silenceMs: number;
  /** So that messages can be moved and dropped. Default: false. */
  readonly transactional?: boolean;
  /** Messages of one consumer at most; further consumers take the rest. Default: 65,535, the most that AMQP can ask for. */
  readonly prefetch?: number;
  /** Takes no more than so many of the oldest. Default: all. */
  readonly limit?: number;
  /** Told of each message as it comes, oldest first, with what settles it. What it keeps of them is its own affair. */
  readonly onMessage: (message: InboundMessage, tag: number) => void;
}

/** One message of a held queue on its way to another queue. */
export interface Move {
  /** What settles it. */
  readonly tag: number;
  readonly route: Route;
  readonly message: OutboundMessage;
}

/** basic.qos has a 16-bit number. */
const MAX_PREFETCH = 65_535;
/** What was counted and has not come by then has expired since, or another program has taken it. */
const SHORT_AFTER_MS = 1_000;
/** How long a broker may take to answer channel.close. */
const CLOSE_TIMEOUT_MS = 3_000;

/**
 * All that is ready in a queue, unacknowledged on a channel of its own, until that is closed: then what was not settled
 * goes back to where it was. So it does when the process is killed.
 *
 * Quorum queues keep the order only this way: a consumer with room for all of it is given all in one step, and what one
 * consumer held goes back in order and before what has come since. Messages got one by one (basic.get), by several
 * consumers in turn, or given back by hand come back shuffled.
 */
export class HeldQueue {
  readonly queue: string;
  /** How many messages were ready when it was taken, as far as they came. */
  count = 0;
  readonly #channel: Channel;
  readonly #options: HoldOptions;
  #reason: Error | undefined;
  #closed = false;
  /** Of the last delivery, on the monotonic clock. */
  #lastAt: number;
  #onCount: () => void = () => undefined;
  /** No queue took what was published last (basic.return). */
  #returned = false;

  private constructor(queue: string, channel: Channel, options: HoldOptions) {
    this.queue = queue;
    this.#channel = channel;
    this.#options = options;
    this.#lastAt = options.clock.monotonic();
    channel.on('error', (error: Error) => {
      this.#reason = error;
    });
    channel.on('close', () => {
      this.#closed = true;
    });
    channel.on('return', () => {
      this.#returned = true;
    });
  }

  /**
   * Takes all that is ready now, and nothing that comes later.
   * @returns undefined when there is no such queue
   * @throws {TqError} `access-refused`, `queue-unavailable`, `queue-in-use`, `queue-timeout`, `connection-lost`
   */
  static async take(model: ChannelModel, queue: string, options: HoldOptions): Promise<HeldQueue | undefined> {
    const held = new HeldQueue(queue, await model.createChannel(), options);
    try {
      await held.#bounded(held.#take());
      return held;
    } catch (thrown) {
      await held.release();
      const error = toError(thrown);
      if (error instanceof TqError && error.code === 'queue-missing') return undefined;
      throw error;
    }
  }

  /**
   * Publishes a message to a queue and settles the one that was held, in one transaction: whenever the process or the
   * connection ends, both have happened or neither.
   * @param queue full name
   * @throws {RangeError} when AMQP cannot carry it; nothing has happened then
   * @throws {TqError} as for `take`
   */
  async move(tag: number, queue: string, message: OutboundMessage): Promise<MoveEnd> {
    const { end } = await this.moveAll([{ tag, route: { exchange: '', routingKey: queue }, message }], queue);
    return end;
  }

  /**
   * Does the same with several messages in one transaction, which come to a queue by whatever route. A message that AMQP
   * cannot carry ends it before that.
   * @param queue full name of the queue that they come to
   * @returns what came of it, and of how many
   * @throws {RangeError} when AMQP cannot carry the first; nothing has happened then
   * @throws {TqError} as for `take`
   */
  async moveAll(moves: readonly Move[], queue: string): Promise<{ readonly end: MoveEnd; readonly count: number }> {
    let count = 0;
    try {
      await this.#transact(() => {
        count = this.#publishAndAck(moves);
        // AMQP tells of a queue that is gone when the acks are done; this ends the transaction before.
        requireQueue(this.#channel, queue);
      });
    } catch (thrown) {
      const end = endOfClosedMove(this.#reason, queue);
      if (end === undefined) throw thrown;
      return { end, count };
    }
    return { end: this.#returned ? 'returned' : 'moved', count };
  }

  /**
   * Settles messages, so that they are gone: all of them or, when the process ends, none. In one transaction, since quorum
   * queues forget acks that come one by one and faster than they are written down when the channel is closed.
   */
  async drop(tags: readonly number[]): Promise<void> {
    if (tags.length === 0) return;
    await this.#transact(() => {
      for (const tag of tags) this.#ack(tag);
    });
  }

  /** Gives back what was not settled; resolves when the broker has it, or does not answer. */
  async release(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const closing = this.#channel.close().catch(() => undefined);
    await within(this.#options.clock, CLOSE_TIMEOUT_MS, closing);
  }

  /** @returns of how many, which all are but for one that cannot be written */
  #publishAndAck(moves: readonly Move[]): number {
    for (const [index, { tag, route, message }] of moves.entries()) {
      const options = { ...message.properties, mandatory: true } as Options.Publish;
      try {
        this.#channel.publish(route.exchange, route.routingKey, message.body, options);
      } catch (error) {
        if (index === 0 || !(error instanceof RangeError)) throw error;
        return index;
      }
      this.#ack(tag);
    }
    return moves.length;
  }

  #ack(deliveryTag: number): void {
    this.#channel.ack({ fields: { deliveryTag } } as ConsumeMessage);
  }

  async #transact(send: () => unknown): Promise<void> {
    this.#lastAt = this.#options.clock.monotonic();
    this.#returned = false;
    if (this.#closed) throw explainRefusal(this.#reason, this.queue) ?? connectionLost(this.queue, this.#reason);
    send();
    await this.#bounded(commit(this.#channel));
  }

  async #take(): Promise<void> {
    if (this.#options.transactional === true) await selectTransactions(this.#channel);
    const { messageCount } = await this.#channel.checkQueue(this.queue);
    const { prefetch = MAX_PREFETCH, limit = messageCount } = this.#options;
    const count = Math.min(messageCount, limit);
    let taken = 0;
    for (let part = 0; taken < count; part++) {
      // Of several consumers what they held comes back in the order of their tags.
      const consumerTag = `tq.dead.${String(part).padStart(3, '0')}`;
      const room = Math.min(count - taken, prefetch);
      await this.#consume(consumerTag, room, taken + room);
      taken += room;
    }
  }

  /** Cancels only when all has come: a quorum queue's channel drops what is on its way to a cancelled consumer. */
  async #consume(consumerTag: string, room: number, until: number): Promise<void> {
    const { clock } = this.#options;
    await this.#channel.prefetch(room);
    const all = new Promise<void>((resolve) => {
      this.#onCount = () => {
        if (this.count >= until) resolve();
      };
    });
    await this.#channel.consume(this.queue, (message) => this.#received(message), { consumerTag });
    while (!(await within(clock, SHORT_AFTER_MS, all))) {
      if (this.#closed) throw this.#reason ?? new Error('the channel was closed');
      // A broker that answers has sent what it has.
      await this.#channel.checkQueue(this.queue);
      if (clock.monotonic() - this.#lastAt >= SHORT_AFTER_MS) break;
    }
    await this.#channel.cancel(consumerTag);
  }

  #received(message: ConsumeMessage | null): void {
    if (message === null) return;
    const { exchange, routingKey, redelivered, deliveryTag } = message.fields;
    this.#lastAt = this.#options.clock.monotonic();
    this.count++;
    const properties = message.properties as Properties;
    this.#options.onMessage({ properties, body: message.content, exchange, routingKey, redelivered }, deliveryTag);
    this.#onCount();
  }

  /** Waits as long as something comes. */
  async #bounded<T>(work: Promise<T>): Promise<T> {
    const { clock, silenceMs } = this.#options;
    for (;;) {
      const quiet = clock.monotonic() - this.#lastAt;
      if (quiet >= silenceMs) throw silent(this.queue, silenceMs);
      if (await within(clock, silenceMs - quiet, work)) break;
    }
    return work.catch((thrown) => {
      throw explainRefusal(this.#reason ?? thrown, this.queue) ?? connectionLost(this.queue, thrown);
    });
  }
}

function silent(queue: string, silenceMs: number): TqError {
  const text = `The broker did not answer for the queue '${queue}' within ${silenceMs} ms. Is it overloaded?`;
  return new TqError('queue-timeout', text, { fields: { queue, timeoutMs: silenceMs } });
}

/** The connection went, whatever was under way. */
export function connectionLost(queue: string, cause: unknown): TqError {
  const text = `The connection was lost while '${queue}' was looked at: what was not moved or dropped is in the queue. Do it again.`;
  return new TqError('connection-lost', text, { fields: { queue }, cause });
}
