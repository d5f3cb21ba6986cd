import type { AppTopology } from '../broker/app-topology.js';
import type { ChordQueues } from '../broker/chord-queues.js';
import type { PublishEnd, PublishRequest } from '../broker/outbox.js';
import { asTransient } from '../protocol/message.js';
import type { Rpc } from '../results/rpc.js';
import { failCall, isAnswered, type OutgoingCall } from '../results/transport.js';
import { type Destinations, unroutable } from './destinations.js';
import type { OutgoingKind, Returned } from './dispatcher.js';
import type { Encoder } from './encoder.js';

export interface OutgoingCallsOptions {
  readonly destinations: Destinations;
  readonly rpc: Rpc;
  readonly chordQueues: ChordQueues;
  readonly encode: Encoder;
  /** Whether what is published there need not outlive the broker. */
  readonly isTransient: AppTopology['isTransient'];
}

const AT_WRITE = { exchange: '', routingKey: '' } as const;

/** Calls of tasks: the reply queue is consumed first, and the waiter is registered before the publish. */
export class OutgoingCalls implements OutgoingKind<OutgoingCall> {
  readonly #options: OutgoingCallsOptions;

  constructor(options: OutgoingCallsOptions) {
    this.#options = options;
  }

  ready(call: OutgoingCall): true | Promise<void> {
    const { destinations, rpc, chordQueues } = this.#options;
    const known = destinations.ready(call);
    const answered = rpc.ready || !isAnswered(call) ? true : rpc.start();
    const joined = call.chords === undefined ? true : chordQueues.ready(call.chords);
    if (answered === true && joined === true) return known;
    return Promise.all([known, answered, joined]).then(() => undefined);
  }

  request(call: OutgoingCall, timeoutMs: number, onEnd: (end: PublishEnd) => void): PublishRequest {
    const { destinations, rpc, encode, isTransient } = this.#options;
    const { envelope, listener, followers, signal } = call;
    const replyTo = isAnswered(call) ? rpc.queue : undefined;
    const message = encode(envelope, replyTo);
    if (!envelope.ignoreResult) rpc.register(envelope.id, listener);
    if (followers !== undefined) for (const later of followers) rpc.register(later.taskId, later.listener);
    // Of a call that waits in the outbox the delay passes there, so that its way is asked for when it is written.
    const routeNow = call.eta === undefined ? undefined : () => destinations.route(call);
    const route = routeNow === undefined ? destinations.route(call) : AT_WRITE;
    return {
      exchange: route.exchange,
      routingKey: route.routingKey,
      // What waits in the delays is on disk there, wherever it goes then.
      message: isTransient?.(route) ? asTransient(message) : message,
      mandatory: call.target?.mandatory,
      routeNow,
      timeoutMs,
      signal,
      onEnd,
    };
  }

  missed(call: OutgoingCall): true | Promise<void> | undefined {
    return this.#options.destinations.missed(call);
  }

  unroutable(call: OutgoingCall, returned: Returned): Error {
    return unroutable(call, returned);
  }

  failed(call: OutgoingCall, error: Error): void {
    const { rpc } = this.#options;
    rpc.forget(call.envelope.id);
    if (call.followers !== undefined) for (const { taskId } of call.followers) rpc.forget(taskId);
    failCall(call, error);
  }
}
