import * as failures from '../broker/publish-failure.js';
import { asPublishError, PublishError } from '../errors.js';
import type { Staging } from '../producer/staging.js';
import { encodeEvent } from '../protocol/event-message.js';
import { PendingPublication, type Publication } from '../results/publication.js';
import type { OutgoingMessage, Transport } from '../results/transport.js';
import { payloadRefusal } from '../schema/refusal.js';
import { type Validation, validate } from '../schema/validate.js';
import type { EventRoute } from './event.js';
import { checkPublish, type PublishOptions } from './event-options.js';

export interface EventPublisherOptions {
  readonly transport: Transport;
  /** Where events wait for an asynchronous validator. */
  readonly staging: Staging;
  readonly newId: () => string;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly publishTimeoutMs: number;
  /** Is told of a failure that nobody awaits. */
  readonly unobserved: (id: string, event: string, error: Error) => void;
}

const NO_OPTIONS: PublishOptions = Object.freeze({});

/** Turns events into messages and sends them. */
export class EventPublisher {
  readonly #options: EventPublisherOptions;
  #closed = false;

  constructor(options: EventPublisherOptions) {
    this.#options = options;
  }

  /** Sends one event. What is wrong with it rejects what this gives; nothing is thrown. */
  publish(event: EventRoute, payload: unknown, options: PublishOptions = NO_OPTIONS): Publication {
    const { transport, newId, now, publishTimeoutMs, unobserved } = this.#options;
    const { name, target, persistent } = event;
    const id = newId();
    const publication = new PendingPublication(id, (error) => unobserved(id, name, error));
    try {
      if (this.#closed) throw failures.toPublishError(failures.closedBefore, false);
      if (options !== NO_OPTIONS) checkPublish(options);
      const { headers, routingKey, mandatory = event.mandatory, deadline = publishTimeoutMs, signal } = options;
      const outgoing: OutgoingMessage = {
        target: routingKey === undefined ? target : { exchange: target.exchange, routingKey },
        message: encodeEvent({ name, id, payload, headers, persistent, time: now() }),
        mandatory,
        publishTimeoutMs: deadline,
        signal,
        listener: publication,
      };
      // After the encoding, so that what is sent is the input, whatever a validator does with it.
      if (event.payload === undefined) transport.publish(outgoing);
      else this.#sendIfFit(name, outgoing, validate(event.payload, payload));
    } catch (thrown) {
      const error = asPublishError(thrown);
      queueMicrotask(() => publication.failed(error));
    }
    return publication;
  }

  /** Takes no more events: those that wait for a validator go on. */
  close(): void {
    this.#closed = true;
  }

  /** Sends at once what is found to fit at once. */
  #sendIfFit(
    event: string,
    outgoing: OutgoingMessage,
    validation: Validation<unknown> | Promise<Validation<unknown>>,
  ): void {
    const { transport, staging } = this.#options;
    if (!(validation instanceof Promise)) {
      requireFit(event, validation);
      transport.publish(outgoing);
      return;
    }
    staging.add({
      ready: validation.then((late) => requireFit(event, late)),
      timeoutMs: outgoing.publishTimeoutMs,
      signal: outgoing.signal,
      lastError: () => new Error('its payload is still being validated'),
      onReady: (publishTimeoutMs) => transport.publish({ ...outgoing, publishTimeoutMs }),
      onFailed: (error) => outgoing.listener.failed(error),
    });
  }
}

/** @throws {PublishError} `invalid-payload` */
function requireFit(event: string, validation: Validation<unknown>): void {
  if (validation.kind === 'fits') return;
  const { code, message, options } = payloadRefusal(event, validation);
  throw new PublishError(code, message, options);
}
