// Longer than most files: the states of one channel and what moves messages between them, which is one concept.

import type { ConfirmChannel, Message } from 'amqplib';
import { toError } from '../errors.js';
import type { Properties } from '../protocol/message.js';
import type { Runtime } from '../runtime.js';
import { fullJitter } from '../time/backoff.js';
import type { Deadlines } from '../time/deadlines.js';
import { publishConfirmed } from './amqplib-internals.js';
import type { Connection, Link, LinkUser } from './connection.js';
import {
  createEntry,
  Outbox,
  type OutboxEntry,
  type OutboxLimits,
  type PublishEnd,
  type PublishRequest,
} from './outbox.js';
import * as failures from './publish-failure.js';
import { type Closed, isOverMessage, Suspects } from './suspects.js';

export interface PublishChannelOptions {
  readonly connection: Connection;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly limits: OutboxLimits;
  /** Messages on the channel that are not confirmed yet, at most. */
  readonly window: number;
  readonly maxMessageBytes: number;
}

type State =
  | { readonly kind: 'down' }
  | { readonly kind: 'opening'; readonly link: Link }
  | { readonly kind: 'up'; readonly link: Link; readonly channel: ConfirmChannel; full: boolean };

/** Beyond this the channel's own write buffer would fill before the window does. */
const WRITE_BUFFER = 4_096;
const REOPEN = { baseMs: 50, maxMs: 2_000 };

/**
 * Publishes confirmed messages through one confirm channel with a window, across reconnects.
 *
 *   down ─ link up ─> opening ─> up ─ channel closed ─> opening …
 *     any ─ link down ─> down
 *
 * What was written and not confirmed when the channel goes is published again, in order and before the rest, with the
 * same ids, until its deadline. Its outcome is unknown until then: the broker may have it twice.
 */
export class PublishChannel implements LinkUser {
  readonly #options: PublishChannelOptions;
  readonly #outbox: Outbox;
  readonly #roomWaiters: (() => void)[] = [];
  #state: State = { kind: 'down' };
  #blocked = false;
  #closed = false;
  #reopenAttempt = 0;
  readonly #suspects = new Suspects();
  /** What was on a channel that went without a reason, until its connection gives one. */
  #takenAway: readonly OutboxEntry[] | undefined;
  #releaseHold: (() => void) | undefined;
  #drained: (() => void)[] = [];

  constructor(options: PublishChannelOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.limits);
    options.connection.addUser(this);
  }

  /** True while the broker takes no publishes (a memory or disk alarm). */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** True while a channel is open. */
  get up(): boolean {
    return this.#state.kind === 'up';
  }

  /** Publishes once a channel is there and the window has room. Never throws; every end goes to `request.onEnd`. */
  publish(request: PublishRequest): void {
    if (request.lease?.alive === false) {
      queueMicrotask(() => request.onEnd({ kind: 'abandoned' }));
      return;
    }
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      const error = failures.toPublishError(refusal, false);
      queueMicrotask(() => request.onEnd({ kind: 'failed', error }));
      return;
    }
    const entry = createEntry(request);
    this.#watch(entry);
    this.#outbox.add(entry);
    this.#releaseHold ??= this.#options.connection.hold();
    this.#options.connection.open();
    this.#pump();
  }

  /** Resolves when the outbox can take one more message; undefined when it can now. */
  room(): Promise<void> | undefined {
    if (this.#closed || this.#outbox.hasRoom()) return undefined;
    return new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Ends every request whose lease is over, so that a lost delivery publishes nothing. */
  dropAbandoned(): void {
    for (const entry of this.#outbox.entries()) {
      if (entry.request.lease?.alive === false) this.#end(entry, { kind: 'abandoned' });
    }
  }

  /** Resolves when nothing is unconfirmed; deadlines bound how long that can take. */
  async drain(): Promise<void> {
    if (this.#outbox.size > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  /** Ends what is left with the code `closed` and takes no more. */
  close(): void {
    this.#closed = true;
    for (const entry of this.#outbox.entries()) this.#fail(entry, failures.closedMeanwhile);
    this.#options.connection.removeUser(this);
  }

  linkUp(link: Link): void {
    this.#reopenAttempt = 0;
    this.#takenAway = undefined;
    this.#open(link);
  }

  linkDown(error: Error): void {
    this.#blocked = false;
    const written = this.#takenAway ?? [...this.#outbox.written()];
    this.#takenAway = undefined;
    this.#lose({ kind: 'down' });
    if (isOverMessage(error)) this.#accuse(written, error, 'connection');
  }

  linkBlocked(blocked: boolean): void {
    this.#blocked = blocked;
    this.#pump();
  }

  #refusal({ message, lease, signal }: PublishRequest): failures.PublishFailure | undefined {
    const { limits, maxMessageBytes } = this.#options;
    const { size, bytes } = this.#outbox;
    if (signal?.aborted) return failures.aborted(signal);
    if (this.#closed) return failures.closedBefore;
    if (lease !== undefined) return undefined;
    if (message.body.length > maxMessageBytes) return failures.tooLarge(message.body.length, maxMessageBytes);
    if (!this.#outbox.hasRoom()) return failures.outboxFull({ messages: size, bytes }, limits);
    return undefined;
  }

  #watch(entry: OutboxEntry): void {
    const { timeoutMs, signal } = entry.request;
    if (timeoutMs !== undefined) {
      const expire = () => failures.expired(timeoutMs, this.#blocked, this.#options.connection.lastError);
      entry.deadline = this.#options.deadlines.set(timeoutMs, () => this.#fail(entry, expire()));
    }
    if (signal !== undefined) {
      entry.onAbort = () => this.#fail(entry, failures.aborted(signal));
      signal.addEventListener('abort', entry.onAbort, { once: true });
    }
  }

  #fail(entry: OutboxEntry, failure: failures.PublishFailure): void {
    this.#end(entry, { kind: 'failed', error: failures.toPublishError(failure, entry.everWritten) });
  }

  #end(entry: OutboxEntry, end: PublishEnd): void {
    if (entry.state === 'ended') return;
    this.#outbox.end(entry);
    this.#suspects.acquit(entry);
    if (entry.deadline !== undefined) this.#options.deadlines.cancel(entry.deadline);
    if (entry.onAbort !== undefined) entry.request.signal?.removeEventListener('abort', entry.onAbort);
    entry.request.onEnd(end);
    if (this.#roomWaiters.length > 0 && this.#outbox.hasRoom()) for (const wake of this.#roomWaiters.splice(0)) wake();
    if (this.#outbox.size === 0) this.#empty();
  }

  #empty(): void {
    this.#releaseHold?.();
    this.#releaseHold = undefined;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** Writes as many messages as the window, the broker and the socket take. */
  #pump(): void {
    const state = this.#state;
    while (state.kind === 'up' && this.#state === state && !state.full && !this.#blocked) {
      // After a channel that the broker closed, one at a time until the message that it closed for has shown itself.
      const window = this.#suspects.any ? 1 : this.#options.window;
      if (this.#outbox.writtenCount >= window) return;
      const entry = this.#outbox.peek();
      if (entry === undefined) return;
      if (entry.request.lease?.alive === false) this.#end(entry, { kind: 'abandoned' });
      else if (!this.#write(state, entry)) return;
    }
  }

  /** False when the channel takes no more, so that writing on would turn in a circle: its end follows. */
  #write(state: Extract<State, { kind: 'up' }>, entry: OutboxEntry): boolean {
    const { message, routeNow, mandatory = true } = entry.request;
    try {
      if (routeNow !== undefined) Object.assign(entry, routeNow());
      const { exchange, routingKey } = entry;
      const accepted = publishConfirmed(state.channel, { exchange, routingKey, mandatory }, message, (error) =>
        this.#confirmed(entry, error),
      );
      this.#outbox.markWritten(entry);
      if (!accepted) state.full = true;
    } catch (thrown) {
      const cause = toError(thrown);
      if (cause.name === 'IllegalOperationError') return false;
      this.#fail(entry, failures.notEncodable(cause));
    }
    return true;
  }

  #confirmed(entry: OutboxEntry, error: Error | null): void {
    if (error !== null && error.message !== NACKED) return;
    if (entry.state === 'returned' && entry.returned !== undefined) {
      this.#end(entry, { kind: 'returned', ...entry.returned });
    } else if (error === null) {
      this.#end(entry, CONFIRMED);
    } else {
      this.#fail(entry, failures.nacked(entry.routingKey));
    }
    this.#pump();
  }

  /** A return precedes its confirm. */
  #returned(message: Message): void {
    const { replyCode, replyText, exchange, routingKey } = message.fields as unknown as ReturnFields;
    const entry = this.#outbox.findWritten(exchange, routingKey, message.properties as Properties);
    if (entry === undefined) return;
    entry.state = 'returned';
    entry.returned = { code: replyCode, text: replyText };
  }

  async #open(link: Link): Promise<void> {
    const opening: State = { kind: 'opening', link };
    this.#state = opening;
    try {
      const channel = await link.model.createConfirmChannel({ highWaterMark: WRITE_BUFFER });
      if (this.#state !== opening) return;
      const up: State = { kind: 'up', link, channel, full: false };
      let reason: Error | undefined;
      channel.on('error', (error: Error) => {
        reason = error;
      });
      channel.on('close', () => this.#channelClosed(up, reason));
      channel.on('return', (message: Message) => this.#returned(message));
      channel.on('drain', () => {
        up.full = false;
        this.#pump();
      });
      this.#state = up;
      this.#pump();
    } catch (error) {
      // The connection went meanwhile, which `linkDown` tells, or the channel was refused.
      if (this.#state === opening) this.#reopen(link, toError(error));
    }
  }

  #channelClosed(up: State, reason: Error | undefined): void {
    if (this.#state !== up || up.kind !== 'up') return;
    const written = [...this.#outbox.written()];
    this.#lose({ kind: 'opening', link: up.link });
    if (reason === undefined) {
      // The channel goes first with its connection, which tells why in `linkDown`.
      this.#takenAway = written;
      return;
    }
    this.#accuse(written, reason, 'channel');
    this.#reopen(up.link, reason);
  }

  #accuse(written: readonly OutboxEntry[], reason: Error, closed: Closed): void {
    const culprit = this.#suspects.accuse(written, closed);
    if (culprit !== undefined) this.#end(culprit, failures.endOfCulprit(reason, closed));
  }

  #lose(next: State): void {
    this.#state = next;
    this.#outbox.rewind();
  }

  #reopen(link: Link, reason: Error): void {
    const { clock, random, logger } = this.#options.runtime;
    logger.warn({ err: reason }, 'the publishing channel was closed; opening another');
    const wait = fullJitter(this.#reopenAttempt++, REOPEN, random());
    const timer = clock.setTimer(() => {
      if (this.#state.kind === 'opening' && this.#state.link === link) void this.#open(link);
    }, wait);
    timer.unref();
  }
}

/** Fields of basic.return (AMQP 0-9-1). */
type ReturnFields = Readonly<Record<'replyText' | 'exchange' | 'routingKey', string> & { replyCode: number }>;

const CONFIRMED: PublishEnd = { kind: 'confirmed' };
/** amqplib's own text, its only mark of a basic.nack beside a closed channel. */
const NACKED = 'message nacked';
