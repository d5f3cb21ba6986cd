import * as failures from '../broker/publish-failure.js';
import { assertNever, PublishError } from '../errors.js';
import type { OutboundMessage } from '../protocol/message.js';
import { decodeReply, encodeProgress, encodeReply, encodeReplyWithin, isFinal, type Reply } from '../protocol/reply.js';
import {
  type CallListener,
  closedMeanwhile,
  failCall,
  isAnswered,
  type OutgoingCall,
  type OutgoingMessage,
  type OutgoingQuestion,
  type QueueStatus,
  type Transport,
} from '../results/transport.js';
import type { Timer } from '../time/clock.js';
import { unroutable } from './destinations.js';
import type { EagerReply } from './eager-endings.js';
import { EagerRuns, type EagerRunsOptions } from './eager-runs.js';
import { type EagerSubscribers, subscribersOf } from './eager-subscribers.js';

export interface EagerTransportOptions extends Omit<EagerRunsOptions, 'reply'>, EagerSubscribers {}

/** A reply address that no broker has: nothing is sent to it. */
const REPLY_TO = 'tq.eager';
/** What RabbitMQ says of a message that no queue takes. */
const NOBODY = { code: 312, text: 'NO_ROUTE' } as const;
/** Longer than any wait; the timer is there to keep the process alive, and is cancelled. */
const FOR_LONG_MS = 2_147_483_647;

/**
 * The way of a call in an eager app: it is encoded, decoded, run in this process and answered, by the code that does so
 * on either side of a broker, so that whatever would fail there fails here. A task starts after the code that called it,
 * outside of that code's asynchronous context, as it would in a worker; several run at a time. Nobody can end a task here
 * but itself, so its hard time limit is a soft one.
 */
export class EagerTransport implements Transport {
  readonly #options: EagerTransportOptions;
  readonly #runs: EagerRuns;
  readonly #waiters = new Map<string, CallListener>();
  #closed = false;
  #holds = 0;
  #alive: Timer | undefined;

  constructor(options: EagerTransportOptions) {
    this.#options = options;
    this.#runs = new EagerRuns({ ...options, reply: (taskId, state) => this.#replied(taskId, state) });
  }

  send(call: OutgoingCall): void {
    const { envelope, listener, followers = [] } = call;
    const message = this.#options.encode(envelope, isAnswered(call) ? REPLY_TO : undefined);
    const refusal = this.#refusal(call.signal, message);
    if (refusal !== undefined) {
      queueMicrotask(() => failCall(call, refusal));
      return;
    }
    if (!envelope.ignoreResult) this.#waiters.set(envelope.id, listener);
    for (const later of followers) this.#waiters.set(later.taskId, later.listener);
    void Promise.resolve().then(() => listener.confirmed());
    this.#runs.take({ message, queue: call.queue }, call.eta);
  }

  publish({ target, message, mandatory, signal, listener }: OutgoingMessage): void {
    const takers = subscribersOf(this.#options, target, message.properties.headers);
    const isLost = mandatory && takers.length === 0;
    const error = this.#refusal(signal, message) ?? (isLost ? unroutable({ queue: '', target }, NOBODY) : undefined);
    void Promise.resolve().then(() => (error === undefined ? listener.confirmed() : listener.failed(error)));
    if (error !== undefined) return;
    for (const { name: task, format, queue } of takers) {
      this.#runs.take({ message, queue, subscription: { task, format, target } }, undefined);
    }
  }

  /** There is no foreign program without a broker. */
  ask({ listener }: OutgoingQuestion): void {
    const text =
      'An eager app has no broker, and so nobody there to answer. Leave out eager (and TQ_EAGER) to ask a program on one.';
    queueMicrotask(() => listener.failed(new PublishError('invalid-option', text)));
  }

  forget(taskId: string): void {
    this.#waiters.delete(taskId);
  }

  hold(): () => void {
    let held = true;
    if (++this.#holds === 1) this.#alive = this.#options.runtime.clock.setTimer(() => undefined, FOR_LONG_MS);
    return () => {
      if (!held) return;
      held = false;
      if (--this.#holds === 0) this.#alive?.cancel();
    };
  }

  room(): undefined {
    return undefined;
  }

  queueStatus(): Promise<QueueStatus | undefined> {
    return Promise.resolve(undefined);
  }

  /** Resolves when no task runs and none is about to; what waits for its time is not. */
  whenIdle(): Promise<void> {
    return this.#runs.whenIdle();
  }

  /** Ends every wait with the code `closed`, and forgets tasks that wait for their time; those that run go on. */
  close(): void {
    this.#closed = true;
    this.#runs.close();
    for (const [taskId, listener] of this.#waiters) listener.failed(closedMeanwhile(taskId));
    this.#waiters.clear();
  }

  #refusal(signal: AbortSignal | undefined, { body }: OutboundMessage): PublishError | undefined {
    const { maxMessageBytes } = this.#options;
    if (this.#closed) return failures.toPublishError(failures.closedBefore, false);
    if (signal?.aborted) return failures.toPublishError(failures.aborted(signal), false);
    if (body.length <= maxMessageBytes) return undefined;
    return failures.toPublishError(failures.tooLarge(body.length, maxMessageBytes), false);
  }

  /** After a final one nobody waits any more. */
  #replied(taskId: string, state: EagerReply): void {
    const listener = this.#waiters.get(taskId);
    if (listener === undefined) return;
    const reply = this.#replyOf(taskId, state);
    if (isFinal(reply)) this.#waiters.delete(taskId);
    listener.replied(reply);
  }

  /** As it would come out of a reply queue. */
  #replyOf(taskId: string, state: EagerReply): Reply {
    if (state.status === 'STARTED') return { status: 'STARTED', taskId };
    return decodeReply(this.#encodeReply(taskId, state).body.toString('utf8'));
  }

  #encodeReply(taskId: string, state: Exclude<EagerReply, { status: 'STARTED' }>): OutboundMessage {
    switch (state.status) {
      case 'PROGRESS':
        return encodeProgress(taskId, state.progress);
      case 'RETRY':
        return encodeReply(taskId, state);
      case 'SUCCESS':
      case 'FAILURE':
      case 'REVOKED':
        return encodeReplyWithin(this.#options.maxMessageBytes, taskId, state);
      default:
        return assertNever(state);
    }
  }
}
