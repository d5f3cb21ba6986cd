import type { AppTopology } from '../broker/app-topology.js';
import type { PublishEnd, PublishRequest } from '../broker/outbox.js';
import { asTransient } from '../protocol/message.js';
import type { OutgoingMessage } from '../results/transport.js';
import { type Destination, type Destinations, unroutable } from './destinations.js';
import type { OutgoingKind, Returned } from './dispatcher.js';

export interface OutgoingMessagesOptions {
  readonly destinations: Destinations;
  /** Whether what is published there need not outlive the broker. */
  readonly isTransient: AppTopology['isTransient'];
}

/** Events, and what plain programs read: nobody answers them. */
export class OutgoingMessages implements OutgoingKind<OutgoingMessage> {
  readonly #options: OutgoingMessagesOptions;

  constructor(options: OutgoingMessagesOptions) {
    this.#options = options;
  }

  ready(outgoing: OutgoingMessage): true | Promise<void> {
    return this.#options.destinations.ready(destinationOf(outgoing));
  }

  request(outgoing: OutgoingMessage, timeoutMs: number, onEnd: (end: PublishEnd) => void): PublishRequest {
    const { target, message, mandatory, signal } = outgoing;
    const { exchange, routingKey } = target;
    const transient = this.#options.isTransient?.(target);
    return {
      exchange,
      routingKey,
      message: transient ? asTransient(message) : message,
      mandatory,
      timeoutMs,
      signal,
      onEnd,
    };
  }

  missed(outgoing: OutgoingMessage): true | Promise<void> | undefined {
    return this.#options.destinations.missed(destinationOf(outgoing));
  }

  unroutable(outgoing: OutgoingMessage, returned: Returned): Error {
    return unroutable(destinationOf(outgoing), returned);
  }

  failed({ listener }: OutgoingMessage, error: Error): void {
    listener.failed(error);
  }
}

function destinationOf({ target }: OutgoingMessage): Destination {
  return { queue: '', target };
}
