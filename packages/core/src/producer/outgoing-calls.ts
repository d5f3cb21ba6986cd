import type { AppTopology } from '../broker/app-topology.js';
import type { PublishEnd, PublishRequest } from '../broker/outbox.js';
import { asTransient } from '../protocol/message.js';
import type { Rpc } from '../results/rpc.js';
import type { OutgoingCall } from '../results/transport.js';
import { type Destinations, unroutable } from './destinations.js';
import type { OutgoingKind, Returned } from './dispatcher.js';
import type { Encoder } from './encoder.js';

export interface OutgoingCallsOptions {
  readonly destinations: Destinations;
  readonly rpc: Rpc;
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
    const { destinations, rpc } = this.#options;
    const known = destinations.ready(call);
    if (call.envelope.ignoreResult || rpc.ready) return known;
    return Promise.all([known, rpc.start()]).then(() => undefined);
  }

  request(call: OutgoingCall, timeoutMs: number, onEnd: (end: PublishEnd) => void): PublishRequest {
    const { destinations, rpc, encode, isTransient } = this.#options;
    const { envelope, listener, signal } = call;
    const replyTo = envelope.ignoreResult ? undefined : rpc.queue;
    const message = encode(envelope, replyTo);
    if (replyTo !== undefined) rpc.register(envelope.id, listener);
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

  failed({ envelope, listener }: OutgoingCall, error: Error): void {
    this.#options.rpc.forget(envelope.id);
    listener.failed(error);
  }
}
