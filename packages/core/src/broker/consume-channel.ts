import type { ConsumeMessage } from 'amqplib';
import { TqError, toError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import { fullJitter } from '../time/backoff.js';
import { within } from '../time/within.js';
import type { Connection, Link, LinkUser, Trouble } from './connection.js';
import { ConsumeSession, type Delivery } from './consume-session.js';
import { lookAtQueue } from './declare.js';
import type { Lease } from './lease.js';

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
  /** The queue is consumed now: the first time, and after each loss. */
  readonly onAttached?: (() => void) | undefined;
  /** The queue is not consumed any more, though nobody cancelled it. */
  readonly onDetached?: ((error: Error) => void) | undefined;
  /** The channel is gone with all its deliveries: their lease is over. The reason is the broker's, if it gave one. */
  readonly onLost: (lease: Lease, reason: Error | undefined) => void;
  readonly runtime: Runtime;
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'down' }
  | { readonly kind: 'attaching'; readonly link: Link }
  | { readonly kind: 'attached'; readonly link: Link; readonly session: ConsumeSession; readonly consumerTag: string }
  | { readonly kind: 'draining'; readonly session: ConsumeSession }
  | { readonly kind: 'closed' };

/** Codes of what no waiting mends. */
const HOPELESS: readonly unknown[] = ['declaration-conflict', 'invalid-option'];
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
  #trouble: Trouble | undefined;
  /** Sessions whose consumer the broker has cancelled and that are not closed yet. */
  readonly #retired = new Set<ConsumeSession>();
  #firstAttach: { resolve(): void; reject(error: Error): void } | undefined;

  constructor(options: ConsumeChannelOptions) {
    this.#options = options;
  }

  get attached(): boolean {
    return this.#state.kind === 'attached';
  }

  /** What went wrong last with this consumer alone; a lost connection is its connection's. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  get queue(): string {
    return this.#options.queue;
  }

  /**
   * Resolves when the consumer is attached for the first time; from then on it comes back by itself. Rejects when
   * `prepare` finds at this first time what no waiting mends, a declaration that the broker does not take, and
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
   * @returns true when it still is one: what the broker had sent on it before has come in
   */
  async verify(): Promise<boolean> {
    const state = this.#state;
    if (state.kind !== 'attached' && state.kind !== 'draining') return false;
    await state.session.channel.checkQueue(this.#options.queue).catch(() => undefined);
    return this.#state === state;
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
    const sessions = [...this.#retired, ...(state.kind === 'draining' ? [state.session] : [])];
    const ended = Promise.all(sessions.map((session) => session.end()));
    await within(this.#options.runtime.clock, ANSWER_TIMEOUT_MS, ended);
  }

  linkUp(link: Link): void {
    this.#attempt = 0;
    if (this.#state.kind === 'down') void this.#attach(link);
  }

  linkDown(error: Error): void {
    const { kind } = this.#state;
    if (kind === 'attaching' || kind === 'attached') this.#state = { kind: 'down' };
    if (kind === 'attached') this.#options.onDetached?.(error);
  }

  async #attach(link: Link): Promise<void> {
    const { queue, prefetch, exclusive, prepare } = this.#options;
    const attaching: State = { kind: 'attaching', link };
    this.#state = attaching;
    try {
      await prepare(link);
      const channel = await link.model.createChannel();
      const session = new ConsumeSession(channel, (reason) => this.#sessionEnded(session, reason));
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
      this.#options.onAttached?.();
    } catch (error) {
      if (this.#state === attaching) this.#attachFailed(link, toError(error));
    }
  }

  #attachFailed(link: Link, error: Error): void {
    if (this.#firstAttach !== undefined && HOPELESS.includes((error as { code?: unknown }).code)) {
      this.#state = { kind: 'closed' };
      this.#firstAttach.reject(error);
      return;
    }
    this.#again(link, error, 'cannot consume yet; trying again');
  }

  #received(session: ConsumeSession, message: ConsumeMessage | null): void {
    if (message === null) void this.#cancelled(session);
    else this.#options.onDelivery(session.deliver(message));
  }

  /**
   * basic.cancel. What a deleted queue had delivered nobody gets again, so its leases hold until it is settled, also when
   * it is declared anew already; what a queue had delivered whose node is away comes back with it, so they end.
   */
  async #cancelled(session: ConsumeSession): Promise<void> {
    const state = this.#state;
    if (state.kind !== 'attached' || state.session !== session) return;
    const looking: State = { kind: 'attaching', link: state.link };
    this.#state = looking;
    this.#retired.add(session);
    const error = new Error('the consumer was cancelled by the broker');
    this.#options.onDetached?.(error);
    const look = await lookAtQueue(state.link.model, this.#options.queue).catch(() => undefined);
    if (look?.kind === 'missing' || look?.kind === 'there') session.closeWhenSettled();
    else void session.close();
    if (this.#state !== looking) return;
    this.#again(state.link, error, 'consuming stopped; starting again');
  }

  #sessionEnded(session: ConsumeSession, reason: Error | undefined): void {
    this.#retired.delete(session);
    this.#options.onLost(session, reason);
    const state = this.#state;
    if (state.kind === 'draining' && state.session === session) this.#state = { kind: 'closed' };
    if (state.kind !== 'attached' || state.session !== session) return;
    const error = reason ?? new Error('its connection was lost');
    this.#options.onDetached?.(error);
    if (this.#state === state) this.#again(state.link, error, 'consuming stopped; starting again');
  }

  #again(link: Link, error: Error, what: string): void {
    const { clock, random, logger } = this.#options.runtime;
    const waiting: State = { kind: 'attaching', link };
    this.#state = waiting;
    this.#trouble = { time: clock.wallTime(), message: error.message };
    const wait = MIN_WAIT_MS + fullJitter(this.#attempt++, REATTACH, random());
    logger.warn({ queue: this.#options.queue, retryInMs: wait, err: error }, what);
    const timer = clock.setTimer(() => {
      if (this.#state === waiting) void this.#attach(link);
    }, wait);
    timer.unref();
  }
}
