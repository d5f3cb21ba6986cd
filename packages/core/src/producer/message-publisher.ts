import type { AppTopology } from '../broker/app-topology.js';
import type { Connection } from '../broker/connection.js';
import type { PublishEnd } from '../broker/outbox.js';
import type { PublishChannel } from '../broker/publish-channel.js';
import { assertNever } from '../errors.js';
import { asTransient } from '../protocol/message.js';
import type { OutgoingMessage } from '../results/transport.js';
import type { Runtime } from '../runtime.js';
import { type Destination, type Destinations, unroutable } from './destinations.js';
import type { Staging } from './staging.js';

export interface MessagePublisherOptions {
  readonly connection: Connection;
  readonly publisher: PublishChannel;
  readonly destinations: Destinations;
  /** Whether what is published there need not outlive the broker. */
  readonly isTransient: AppTopology['isTransient'];
  readonly staging: Staging;
  readonly runtime: Runtime;
}

/** The way of a message that is no call through this process's own connection. */
export class MessagePublisher {
  readonly #options: MessagePublisherOptions;

  constructor(options: MessagePublisherOptions) {
    this.#options = options;
  }

  /** Never throws; how it ends reaches the message's listener. */
  publish(outgoing: OutgoingMessage): void {
    const ready = this.#options.destinations.ready(destinationOf(outgoing));
    if (ready === true) this.#send(outgoing, outgoing.publishTimeoutMs, true);
    else this.#stage(outgoing, ready, outgoing.publishTimeoutMs, true);
  }

  #stage(outgoing: OutgoingMessage, ready: Promise<void>, timeoutMs: number, mayRepeat: boolean): void {
    const { staging, connection } = this.#options;
    staging.add({
      ready,
      timeoutMs,
      signal: outgoing.signal,
      lastError: () => connection.lastError,
      onReady: (remainingMs) => this.#send(outgoing, remainingMs, mayRepeat),
      onFailed: (error) => outgoing.listener.failed(error),
    });
  }

  #send(outgoing: OutgoingMessage, timeoutMs: number, mayRepeat: boolean): void {
    const { publisher, runtime, isTransient } = this.#options;
    const { target, message, mandatory, signal } = outgoing;
    const startedAt = runtime.clock.monotonic();
    publisher.publish({
      exchange: target.exchange,
      routingKey: target.routingKey,
      message: isTransient?.(target) ? asTransient(message) : message,
      mandatory,
      timeoutMs,
      signal,
      onEnd: (end) => this.#ended(outgoing, end, timeoutMs, startedAt, mayRepeat),
    });
  }

  #ended(outgoing: OutgoingMessage, end: PublishEnd, timeoutMs: number, startedAt: number, mayRepeat: boolean): void {
    switch (end.kind) {
      case 'confirmed':
        outgoing.listener.confirmed();
        return;
      case 'failed':
        outgoing.listener.failed(end.error);
        return;
      case 'returned': {
        const remainingMs = timeoutMs - (this.#options.runtime.clock.monotonic() - startedAt);
        this.#returned(outgoing, end, remainingMs, mayRepeat);
        return;
      }
      case 'abandoned':
        return;
      default:
        assertNever(end);
    }
  }

  /** Once more at most, when what was deleted is there again. */
  #returned(
    outgoing: OutgoingMessage,
    end: { readonly code: number; readonly text: string },
    remainingMs: number,
    mayRepeat: boolean,
  ): void {
    const destination = destinationOf(outgoing);
    const ready = mayRepeat && remainingMs > 0 ? this.#options.destinations.missed(destination) : undefined;
    if (ready === undefined) outgoing.listener.failed(unroutable(destination, end));
    else this.#stage(outgoing, ready === true ? Promise.resolve() : ready, remainingMs, false);
  }
}

function destinationOf({ target }: OutgoingMessage): Destination {
  return { queue: '', target };
}
