import type { Channel, ConsumeMessage } from 'amqplib';
import { TqError, toError } from '../errors.js';
import type { InboundMessage, Properties } from '../protocol/message.js';
import type { Runtime } from '../runtime.js';
import { fullJitter } from '../time/backoff.js';
import { within } from '../time/within.js';
import { AckLedger } from './ack-ledger.js';
import type { Connection, Link, LinkUser } from './connection.js';
import type { Lease } from './lease.js';

/** A message delivered, and the right to settle it. */
export interface Delivery {
  readonly message: InboundMessage;
  readonly lease: Lease;
  /** Acks: at once when no other delivery is open, else together with the others of this turn. Nothing once the lease is over. */
  ack(): void;
  /** Gives it back to the queue at once (basic.nack, requeue); nothing once the lease is over. */
  requeue(): void;
}

export interface ConsumeChannelOptions {
  readonly connection: Connection;
  readonly queue: string;
  /** Unacknowledged deliveries at most. */
  readonly prefetch: number;
  /** Refuse other consumers; classic queues only. */
  readonly exclusive: boolean;
  /** Applies what must exist before consuming; called with every new channel. */
  readonly prepare: (link: Link) => Promise<void>;
  readonly onDelivery: (delivery: Delivery) => void;
  /** The channel is gone with all its deliveries: their leases are over. */
  readonly onLost: () => void;
  readonly runtime: Runtime;
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'down' }
  | { readonly kind: 'attaching'; readonly link: Link }
  | { readonly kind: 'attached'; readonly link: Link; readonly session: Session; readonly consumerTag: string }
  | { readonly kind: 'draining'; readonly session: Session }
  | { readonly kind: 'closed' };

const REATTACH = { baseMs: 100, maxMs: 5_000 };
const MIN_WAIT_MS = 20;
/** How long a broker may take to answer basic.cancel or channel.close before it counts as gone. */
const ANSWER_TIMEOUT_MS = 3_000;

/**
 * One consumer on a channel of its own, which comes back whatever ends it: a lost connection, a channel that the
 * broker closed, a deleted queue (basic.cancel), a queue whose node is away.
 *
 *   idle ─ start() ─> down ─ link up ─> attaching ─ ok ─> attached
 *                       ^                  │  ^ backoff      │
 *                       └── link down ─────┴──┴── lost ──────┘
 *   attached ─ cancel() ─> draining ─ close() ─> closed
 */
export class ConsumeChannel implements LinkUser {
  readonly #options: ConsumeChannelOptions;
  #state: State = { kind: 'idle' };
  #attempt = 0;
  #firstAttach: { resolve(): void; reject(error: Error): void } | undefined;

  constructor(options: ConsumeChannelOptions) {
    this.#options = options;
  }

  get attached(): boolean {
    return this.#state.kind === 'attached';
  }

  get queue(): string {
    return this.#options.queue;
  }

  /**
   * Resolves when the consumer is attached for the first time; from then on it comes back by itself. Rejects when
   * `prepare` finds at this first time what no waiting mends, a declaration that conflicts with the broker's, and
   * with `closed` when it is cancelled first.
   */
  start(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#firstAttach = { resolve, reject };
      this.#state = { kind: 'down' };
      this.#options.connection.addUser(this);
      this.#options.connection.open();
    });
  }

  /**
   * Asks the broker over the delivering channel whether it still is one, for when this process was frozen and may
   * have missed its end. Afterwards the leases tell the truth.
   */
  async verify(): Promise<void> {
    const state = this.#state;
    if (state.kind !== 'attached' && state.kind !== 'draining') return;
    await state.session.channel.checkQueue(this.#options.queue).catch(() => undefined);
  }

  /** Stops the intake; deliveries that are out can still be settled. */
  async cancel(): Promise<void> {
    const state = this.#state;
    if (state.kind !== 'attached') {
      if (state.kind !== 'draining') this.#state = { kind: 'closed' };
      const text = `The consumer of '${this.#options.queue}' was stopped before the queue was consumed.`;
      this.#firstAttach?.reject(new TqError('closed', text));
      this.#firstAttach = undefined;
      return;
    }
    this.#state = { kind: 'draining', session: state.session };
    await within(this.#options.runtime.clock, ANSWER_TIMEOUT_MS, state.session.channel.cancel(state.consumerTag));
  }

  /** Flushes the acks and closes the channel; what was not settled goes back to the queue. */
  async close(): Promise<void> {
    await this.cancel();
    const state = this.#state;
    this.#state = { kind: 'closed' };
    this.#options.connection.removeUser(this);
    if (state.kind === 'draining') await within(this.#options.runtime.clock, ANSWER_TIMEOUT_MS, state.session.end());
  }

  linkUp(link: Link): void {
    this.#attempt = 0;
    if (this.#state.kind === 'down') void this.#attach(link);
  }

  linkDown(): void {
    if (this.#state.kind === 'attaching' || this.#state.kind === 'attached') this.#state = { kind: 'down' };
  }

  async #attach(link: Link): Promise<void> {
    const { queue, prefetch, exclusive, prepare } = this.#options;
    const attaching: State = { kind: 'attaching', link };
    this.#state = attaching;
    try {
      await prepare(link);
      const channel = await link.model.createChannel();
      const session = new Session(channel, (reason) => this.#sessionEnded(session, reason));
      await channel.prefetch(prefetch);
      const onMessage = (message: ConsumeMessage | null) => this.#received(session, message);
      const { consumerTag } = await channel.consume(queue, onMessage, { exclusive });
      if (this.#state !== attaching) {
        await session.close();
        return;
      }
      // The broker may have closed the channel in the same breath, which nothing would tell once more.
      if (!session.alive) throw new Error('the channel was closed while its consumer was attached');
      this.#state = { kind: 'attached', link, session, consumerTag };
      this.#attempt = 0;
      this.#firstAttach?.resolve();
      this.#firstAttach = undefined;
    } catch (error) {
      if (this.#state === attaching) this.#attachFailed(link, toError(error));
    }
  }

  #attachFailed(link: Link, error: Error): void {
    if (this.#firstAttach !== undefined && (error as { code?: unknown }).code === 'declaration-conflict') {
      this.#state = { kind: 'closed' };
      this.#firstAttach.reject(error);
      return;
    }
    this.#again(link, error, 'cannot consume yet; trying again');
  }

  #received(session: Session, message: ConsumeMessage | null): void {
    // A null message is basic.cancel: the queue was deleted, or its node went. The channel is given up with it, so
    // that one path leads back from everything.
    if (message === null) void session.cancelled();
    else this.#options.onDelivery(session.deliver(message));
  }

  #sessionEnded(session: Session, reason: Error | undefined): void {
    this.#options.onLost();
    const state = this.#state;
    if (state.kind === 'draining' && state.session === session) this.#state = { kind: 'closed' };
    if (state.kind !== 'attached' || state.session !== session) return;
    this.#again(state.link, reason ?? new Error('its connection was lost'), 'consuming stopped; starting again');
  }

  #again(link: Link, error: Error, what: string): void {
    const { clock, random, logger } = this.#options.runtime;
    const waiting: State = { kind: 'attaching', link };
    this.#state = waiting;
    const wait = MIN_WAIT_MS + fullJitter(this.#attempt++, REATTACH, random());
    logger.warn({ queue: this.#options.queue, retryInMs: wait, err: error }, what);
    const timer = clock.setTimer(() => {
      if (this.#state === waiting) void this.#attach(link);
    }, wait);
    timer.unref();
  }
}

/** One channel's life: its lease, and the acks that it owes. */
class Session implements Lease {
  readonly channel: Channel;
  alive = true;
  readonly #acks = new AckLedger();
  /** When the acks that are owed go out, if any are. */
  #flushDue: 'microtask' | 'turn' | undefined;
  /** Why it ended, where that was not the end of its connection. */
  #reason: Error | undefined;

  constructor(channel: Channel, onEnd: (reason: Error | undefined) => void) {
    this.channel = channel;
    channel.on('error', (error: Error) => {
      this.#reason = error;
    });
    channel.on('close', () => {
      this.alive = false;
      onEnd(this.#reason);
    });
  }

  deliver(message: ConsumeMessage): Delivery {
    const tag = message.fields.deliveryTag;
    this.#acks.delivered(tag);
    return {
      message: {
        properties: message.properties as Properties,
        body: message.content,
        exchange: message.fields.exchange,
        routingKey: message.fields.routingKey,
        redelivered: message.fields.redelivered,
      },
      lease: this,
      ack: () => this.#ack(tag),
      requeue: () => this.#requeue(tag),
    };
  }

  /** The broker has cancelled the consumer. */
  cancelled(): Promise<void> {
    this.#reason = new Error('the consumer was cancelled by the broker');
    return this.close();
  }

  async close(): Promise<void> {
    if (!this.alive) return;
    this.#flush();
    await this.channel.close().catch(() => undefined);
  }

  /** Closes the channel for good: its leases are over at once, whether the broker answers or not. */
  async end(): Promise<void> {
    const closing = this.close();
    this.alive = false;
    await closing;
  }

  #ack(tag: number): void {
    if (!this.alive) return;
    this.#acks.ack(tag);
    this.#flushBy(this.#acks.complete ? 'microtask' : 'turn');
  }

  #requeue(tag: number): void {
    if (!this.alive) return;
    this.#acks.settledAlone(tag);
    this.#send(tag, (message) => this.channel.nack(message, false, true));
  }

  /** The end of the turn gathers most acks; but with nothing else open the broker would only wait for it. */
  #flushBy(due: 'microtask' | 'turn'): void {
    if (this.#flushDue === 'microtask' || this.#flushDue === due) return;
    this.#flushDue = due;
    if (due === 'microtask') queueMicrotask(() => this.#flush());
    else setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushDue = undefined;
    if (!this.alive) return;
    const { upTo, single } = this.#acks.flush();
    if (upTo !== undefined) this.#send(upTo, (message) => this.channel.ack(message, true));
    for (const tag of single) this.#send(tag, (message) => this.channel.ack(message));
  }

  /** amqplib throws on a channel that is closing; its deliveries go back to the queue by themselves. */
  #send(deliveryTag: number, send: (message: ConsumeMessage) => void): void {
    if (!this.alive) return;
    try {
      send({ fields: { deliveryTag } } as ConsumeMessage);
    } catch {
      this.alive = false;
    }
  }
}
