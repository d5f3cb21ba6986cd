import type { AppTopology } from '../broker/app-topology.js';
import type { Connection } from '../broker/connection.js';
import { lookAtQueue } from '../broker/declare.js';
import type { Delays } from '../broker/delays.js';
import type { PublishEnd } from '../broker/outbox.js';
import type { PublishChannel } from '../broker/publish-channel.js';
import { assertNever } from '../errors.js';
import { asTransient } from '../protocol/message.js';
import type { Rpc } from '../results/rpc.js';
import type { OutgoingCall, OutgoingMessage, OutgoingQuestion, QueueStatus, Transport } from '../results/transport.js';
import type { Runtime } from '../runtime.js';
import { Destinations, unroutable } from './destinations.js';
import type { Encoder } from './encoder.js';
import { MessagePublisher } from './message-publisher.js';
import { Questions } from './questions.js';
import type { Staging } from './staging.js';

export interface BrokerTransportOptions {
  readonly connection: Connection;
  readonly publisher: PublishChannel;
  readonly rpc: Rpc;
  readonly staging: Staging;
  readonly runtime: Runtime;
  readonly delays: Delays;
  readonly topology: Omit<AppTopology, 'whole'>;
  readonly encode: Encoder;
}

const AT_WRITE = { exchange: '', routingKey: '' } as const;
const STATUS_TIMEOUT_MS = 2_000;
const EMPTY = { messages: 0, consumers: 0 };

/**
 * The way of a call through this process's own connections: its queue is looked at once, the reply queue is consumed
 * first, the waiter is registered before the publish, and the confirm goes back to the caller.
 */
export class BrokerTransport implements Transport {
  readonly #options: BrokerTransportOptions;
  readonly #destinations: Destinations;
  readonly #messages: MessagePublisher;
  readonly #questions: Questions;

  readonly #looks = new Map<string, Promise<QueueStatus | undefined>>();

  constructor(options: BrokerTransportOptions) {
    this.#options = options;
    const { connection, delays, runtime, topology, staging, publisher } = options;
    const wanted = () => staging.size > 0;
    this.#destinations = new Destinations({ connection, delays, runtime, topology, wanted });
    const { isTransient } = topology;
    this.#questions = new Questions({ ...options, destinations: this.#destinations, isTransient });
    this.#messages = new MessagePublisher({
      connection,
      publisher,
      destinations: this.#destinations,
      isTransient: topology.isTransient,
      staging,
      runtime,
    });
  }

  send(call: OutgoingCall): void {
    const { publishTimeoutMs } = call;
    const ready = this.#ready(call);
    if (ready === true) this.#publish(call, publishTimeoutMs, true);
    else this.#stage(call, ready, publishTimeoutMs, true);
  }

  publish(message: OutgoingMessage): void {
    this.#messages.publish(message);
  }

  ask(question: OutgoingQuestion): void {
    this.#questions.ask(question);
  }

  forget(id: string): void {
    this.#options.rpc.forget(id);
  }

  hold(): () => void {
    return this.#options.rpc.hold();
  }

  room(): Promise<void> | undefined {
    return this.#options.publisher.room() ?? this.#options.staging.room();
  }

  /** Whoever asks meanwhile gets the same answer: a look takes a channel, and many results may end in one moment. */
  queueStatus(queue: string): Promise<QueueStatus | undefined> {
    let looking = this.#looks.get(queue);
    if (looking === undefined) {
      looking = this.#look(queue).finally(() => this.#looks.delete(queue));
      this.#looks.set(queue, looking);
    }
    return looking;
  }

  async #look(queue: string): Promise<QueueStatus | undefined> {
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
    const caughtUp = await Promise.race([rpc.caughtUp(), timeout]);
    return { messages, consumers, caughtUp: caughtUp === true };
  }

  #ready(call: OutgoingCall): true | Promise<void> {
    const known = this.#destinations.ready(call);
    const { rpc } = this.#options;
    if (call.envelope.ignoreResult || rpc.ready) return known;
    return Promise.all([known, rpc.start()]).then(() => undefined);
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
    const { rpc, publisher, encode, runtime, topology } = this.#options;
    const { envelope, listener } = call;
    const replyTo = envelope.ignoreResult ? undefined : rpc.queue;
    const message = encode(envelope, replyTo);
    if (replyTo !== undefined) rpc.register(envelope.id, listener);
    const startedAt = runtime.clock.monotonic();
    // Of a call that waits in the outbox the delay passes there, so that its way is asked for when it is written.
    const routeNow = call.eta === undefined ? undefined : () => this.#destinations.route(call);
    const route = routeNow === undefined ? this.#destinations.route(call) : AT_WRITE;
    publisher.publish({
      exchange: route.exchange,
      routingKey: route.routingKey,
      // What waits in the delays is on disk there, wherever it goes then.
      message: topology.isTransient?.(route) ? asTransient(message) : message,
      mandatory: call.target?.mandatory,
      routeNow,
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

  /** Once more at most, when what was deleted is there again. */
  #returned(call: OutgoingCall, end: { code: number; text: string }, remainingMs: number, mayRepeat: boolean): void {
    const ready = mayRepeat && remainingMs > 0 ? this.#destinations.missed(call) : undefined;
    if (ready === undefined) this.#failed(call, unroutable(call, end));
    else this.#stage(call, Promise.resolve(ready === true ? undefined : ready), remainingMs, false);
  }

  #failed(call: OutgoingCall, error: Error): void {
    this.#options.rpc.forget(call.envelope.id);
    call.listener.failed(error);
  }
}
