import type { Connection } from '../broker/connection.js';
import type { PublishEnd } from '../broker/outbox.js';
import type { PublishChannel } from '../broker/publish-channel.js';
import { assertNever } from '../errors.js';
import type { Rpc } from '../results/rpc.js';
import type { OutgoingQuestion } from '../results/transport.js';
import { unroutable } from './destinations.js';
import type { Staging } from './staging.js';

export interface QuestionsOptions {
  readonly connection: Connection;
  readonly publisher: PublishChannel;
  readonly rpc: Rpc;
  /** Where questions wait for the reply queue. */
  readonly staging: Staging;
}

/**
 * The way of a plain message whose answer comes to the reply queue, which is consumed first; the waiter is there before
 * the publish. Nothing is declared: what nobody takes is an error at once.
 */
export class Questions {
  readonly #options: QuestionsOptions;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  ask(question: OutgoingQuestion): void {
    const { rpc, staging, connection } = this.#options;
    const { publishTimeoutMs: timeoutMs, signal, listener } = question;
    if (rpc.ready) {
      this.#publish(question, timeoutMs);
      return;
    }
    staging.add({
      ready: rpc.start(),
      timeoutMs,
      signal,
      lastError: () => connection.lastError,
      onReady: (remainingMs) => this.#publish(question, remainingMs),
      onFailed: (error) => listener.failed(error),
    });
  }

  #publish(question: OutgoingQuestion, timeoutMs: number): void {
    const { rpc, publisher } = this.#options;
    const { target, message, signal, listener } = question;
    const { properties, body } = message;
    rpc.registerQuestion(properties.correlationId, listener);
    publisher.publish({
      ...target,
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
