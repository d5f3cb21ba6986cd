import type { AppTopology } from '../broker/app-topology.js';
import type { Connection } from '../broker/connection.js';
import type { PublishEnd } from '../broker/outbox.js';
import type { PublishChannel } from '../broker/publish-channel.js';
import { assertNever } from '../errors.js';
import { asTransient } from '../protocol/message.js';
import type { Rpc } from '../results/rpc.js';
import type { OutgoingQuestion } from '../results/transport.js';
import { type Destinations, unroutable } from './destinations.js';
import type { Staging } from './staging.js';

export interface QuestionsOptions {
  readonly connection: Connection;
  readonly publisher: PublishChannel;
  readonly rpc: Rpc;
  readonly destinations: Destinations;
  /** Whether what is published there need not outlive the broker. */
  readonly isTransient: AppTopology['isTransient'];
  /** Where questions wait for the reply queue. */
  readonly staging: Staging;
}

/**
 * The way of a plain message whose answer comes to the reply queue, which is consumed first; the waiter is there before
 * the publish. No queue is declared: what nobody takes is an error at once.
 */
export class Questions {
  readonly #options: QuestionsOptions;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  ask(question: OutgoingQuestion): void {
    const { rpc, staging, connection, destinations } = this.#options;
    const { target, publishTimeoutMs: timeoutMs, signal, listener } = question;
    const known = target.exchange === '' ? true : destinations.ready({ queue: '', target });
    if (rpc.ready && known === true) {
      this.#publish(question, timeoutMs);
      return;
    }
    staging.add({
      ready: Promise.all([known, rpc.start()]).then(() => undefined),
      timeoutMs,
      signal,
      lastError: () => connection.lastError,
      onReady: (remainingMs) => this.#publish(question, remainingMs),
      onFailed: (error) => listener.failed(error),
    });
  }

  #publish(question: OutgoingQuestion, timeoutMs: number): void {
    const { rpc, publisher, isTransient } = this.#options;
    const { target, message, signal, listener } = question;
    const { properties, body } = isTransient?.(target) ? asTransient(message) : message;
    rpc.registerQuestion(message.properties.correlationId, listener);
    publisher.publish({
      exchange: target.exchange,
      routingKey: target.routingKey,
      message: { properties: { ...properties, replyTo: rpc.queue }, body },
      timeoutMs,
      signal,
      onEnd: (end) => this.#ended(question, end),
    });
  }

  #ended({ target, message, listener }: OutgoingQuestion, end: PublishEnd): void {
    const fail = (error: Error) => {
      this.#options.rpc.forget(message.properties.correlationId);
      listener.failed(error);
    };
    switch (end.kind) {
      case 'confirmed':
        listener.confirmed();
        return;
      case 'failed':
        fail(end.error);
        return;
      case 'returned': {
        const { exchange, routingKey } = target;
        fail(unroutable({ queue: routingKey, target: exchange === '' ? undefined : target }, end));
        return;
      }
      case 'abandoned':
        return;
      default:
        assertNever(end);
    }
  }
}
