import type { Connection } from '../broker/connection.js';
import { ensureQueue, lookAtQueue } from '../broker/declare.js';
import type { PublishEnd } from '../broker/outbox.js';
import type { PublishChannel } from '../broker/publish-channel.js';
import type { Topology } from '../broker/topology.js';
import { assertNever, PublishError, TqError, toError } from '../errors.js';
import type { Rpc } from '../results/rpc.js';
import type { OutgoingCall, QueueStatus, Transport } from '../results/transport.js';
import type { Runtime } from '../runtime.js';
import { fullJitter } from '../time/backoff.js';
import type { Encoder } from './encoder.js';
import type { Staging } from './staging.js';

export interface BrokerTransportOptions {
  readonly connection: Connection;
  readonly publisher: PublishChannel;
  readonly rpc: Rpc;
  readonly staging: Staging;
  readonly runtime: Runtime;
  /** What a task queue is to be when it does not exist yet. */
  readonly topologyOf: (queue: string) => Topology;
  readonly encode: Encoder;
}

const RETRY = { baseMs: 100, maxMs: 2_000 };
const STATUS_TIMEOUT_MS = 2_000;
const EMPTY = { messages: 0, consumers: 0 };

/**
 * The way of a call through this process's own connections: its queue is looked at once, the reply queue is consumed
 * first, the waiter is registered before the publish, and the confirm goes back to the caller.
 */
export class BrokerTransport implements Transport {
  readonly #options: BrokerTransportOptions;
  /** Queues that were there when they were looked at, and looks that are under way. */
  readonly #queues = new Map<string, true | Promise<void>>();

  constructor(options: BrokerTransportOptions) {
    this.#options = options;
  }

  send(call: OutgoingCall): void {
    const { envelope, publishTimeoutMs } = call;
    const ready = this.#ready(call.queue, !envelope.ignoreResult);
    if (ready === true) this.#publish(call, publishTimeoutMs, true);
    else this.#stage(call, ready, publishTimeoutMs, true);
  }

  forget(taskId: string): void {
    this.#options.rpc.forget(taskId);
  }

  hold(): () => void {
    return this.#options.rpc.hold();
  }

  room(): Promise<void> | undefined {
    return this.#options.publisher.room() ?? this.#options.staging.room();
  }

  async queueStatus(queue: string): Promise<QueueStatus | undefined> {
    const { connection, rpc, runtime } = this.#options;
    const { link } = connection;
    if (link === undefined) return undefined;
    const { clock } = runtime;
    const timeout = new Promise<undefined>((resolve) => {
      clock.setTimer(() => resolve(undefined), STATUS_TIMEOUT_MS).unref();
    });
    const look = await Promise.race([lookAtQueue(link.model, queue), timeout]);
    if (look === undefined || look.kind === 'away') return undefined;
    const { messages, consumers } = look.kind === 'there' ? look : EMPTY;
    return { messages, consumers, listening: rpc.listening };
  }

  #ready(queue: string, wantsReply: boolean): true | Promise<void> {
    const known = this.#queues.get(queue) ?? this.#ensure(queue);
    const { rpc } = this.#options;
    if (!wantsReply || rpc.ready) return known;
    return Promise.all([known, rpc.start()]).then(() => undefined);
  }

  #ensure(queue: string): Promise<void> {
    const looking = this.#ensureUntilDone(queue).then(
      () => {
        this.#queues.set(queue, true);
      },
      (error: unknown) => {
        this.#queues.delete(queue);
        throw error;
      },
    );
    this.#queues.set(queue, looking);
    return looking;
  }

  /** Tries again over lost connections and nodes that are away; what no waiting mends rejects. */
  async #ensureUntilDone(queue: string): Promise<void> {
    const { connection, topologyOf, runtime, staging } = this.#options;
    for (let attempt = 0; ; attempt++) {
      const link = await connection.whenOpen();
      try {
        return await ensureQueue(link.model, queue, topologyOf(queue));
      } catch (thrown) {
        if (thrown instanceof TqError || staging.size === 0) throw thrown;
        runtime.logger.warn({ queue, err: toError(thrown) }, 'cannot look at the queue yet; trying again');
        const wait = fullJitter(attempt, RETRY, runtime.random());
        // What is staged holds the connection, so this timer need not keep the process alive.
        await new Promise<void>((resolve) => runtime.clock.setTimer(resolve, wait).unref());
      }
    }
  }

  #stage(call: OutgoingCall, ready: Promise<void>, timeoutMs: number, mayRepeat: boolean): void {
    this.#options.staging.add({
      ready,
      timeoutMs,
      signal: call.signal,
      lastError: () => this.#options.connection.lastError,
      onReady: (remainingMs) => this.#publish(call, remainingMs, mayRepeat),
      onFailed: (error) => this.#failed(call, error),
    });
  }

  #publish(call: OutgoingCall, timeoutMs: number, mayRepeat: boolean): void {
    const { rpc, publisher, encode, runtime } = this.#options;
    const { envelope, listener } = call;
    const replyTo = envelope.ignoreResult ? undefined : rpc.queue;
    const message = encode(envelope, replyTo);
    if (replyTo !== undefined) rpc.register(envelope.id, listener);
    const startedAt = runtime.clock.monotonic();
    publisher.publish({
      exchange: '',
      routingKey: call.queue,
      message,
      timeoutMs,
      signal: call.signal,
      onEnd: (end) => this.#ended(call, end, () => timeoutMs - (runtime.clock.monotonic() - startedAt), mayRepeat),
    });
  }

  #ended(call: OutgoingCall, end: PublishEnd, remainingMs: () => number, mayRepeat: boolean): void {
    switch (end.kind) {
      case 'confirmed':
        call.listener.confirmed();
        return;
      case 'failed':
        this.#failed(call, end.error);
        return;
      case 'returned':
        this.#returned(call, end, remainingMs(), mayRepeat);
        return;
      case 'abandoned':
        return;
      default:
        assertNever(end);
    }
  }

  /** The queue was deleted since it was looked at, or its node is away: look again, and publish once more at most. */
  #returned(call: OutgoingCall, end: { code: number; text: string }, remainingMs: number, mayRepeat: boolean): void {
    this.#queues.delete(call.queue);
    if (mayRepeat && remainingMs > 0) {
      this.#stage(call, this.#ensure(call.queue), remainingMs, false);
      return;
    }
    const text = `No queue took the call for '${call.queue}': ${end.code} ${end.text}. Is the queue being deleted?`;
    this.#failed(call, new PublishError('unroutable', text, { fields: { queue: call.queue } }));
  }

  #failed(call: OutgoingCall, error: Error): void {
    this.#options.rpc.forget(call.envelope.id);
    call.listener.failed(error);
  }
}
