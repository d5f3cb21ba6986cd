import type { AppTopology } from '../broker/app-topology.js';
import type { PublishEnd, PublishRequest } from '../broker/outbox.js';
import { asTransient } from '../protocol/message.js';
import type { Rpc } from '../results/rpc.js';
import type { OutgoingQuestion } from '../results/transport.js';
import { type Destinations, unroutable } from './destinations.js';
import type { OutgoingKind, Returned } from './dispatcher.js';

export interface OutgoingQuestionsOptions {
  readonly destinations: Destinations;
  readonly rpc: Rpc;
  /** Whether what is published there need not outlive the broker. */
  readonly isTransient: AppTopology['isTransient'];
}

/**
 * Plain messages whose answer comes to the reply queue, which is consumed first; the waiter is there before the publish.
 * No queue is declared: what nobody takes is an error at once.
 */
export class OutgoingQuestions implements OutgoingKind<OutgoingQuestion> {
  readonly #options: OutgoingQuestionsOptions;

  constructor(options: OutgoingQuestionsOptions) {
    this.#options = options;
  }

  ready({ target }: OutgoingQuestion): true | Promise<void> {
    const { rpc, destinations } = this.#options;
    const known = target.exchange === '' ? true : destinations.ready({ queue: '', target });
    if (rpc.ready) return known;
    return Promise.all([known, rpc.start()]).then(() => undefined);
  }

  request(question: OutgoingQuestion, timeoutMs: number, onEnd: (end: PublishEnd) => void): PublishRequest {
    const { rpc, isTransient } = this.#options;
    const { target, message, signal, listener } = question;
    const { exchange, routingKey } = target;
    const { properties, body } = isTransient?.(target) ? asTransient(message) : message;
    rpc.registerQuestion(message.properties.correlationId, listener);
    const answerable = { properties: { ...properties, replyTo: rpc.queue }, body };
    return { exchange, routingKey, message: answerable, timeoutMs, signal, onEnd };
  }

  missed(): undefined {
    return undefined;
  }

  unroutable({ target }: OutgoingQuestion, returned: Returned): Error {
    const { exchange, routingKey } = target;
    return unroutable({ queue: routingKey, target: exchange === '' ? undefined : target }, returned);
  }

  failed({ message, listener }: OutgoingQuestion, error: Error): void {
    this.#options.rpc.forget(message.properties.correlationId);
    listener.failed(error);
  }
}
