import { TqError } from '../errors.js';
import { eventsExchange, exchangeName } from '../protocol/names.js';
import { createEvent, type DefinedEvent, type EventHost } from './event.js';
import type { EventDefinition } from './event-options.js';

/** The events of one app, by name. */
export class EventRegistry {
  readonly #host: EventHost;
  readonly #events = new Map<string, DefinedEvent>();

  constructor(host: EventHost) {
    this.#host = host;
  }

  /** @throws {TqError} `duplicate-event`, `invalid-option`, `unknown-option` */
  define(name: string, given: EventDefinition | undefined): DefinedEvent {
    const event = this.create(name, given);
    if (this.#events.has(name)) {
      const text = `Two events are named '${name}'. Define it once, in a module that publishers and subscribers import.`;
      throw new TqError('duplicate-event', text, { fields: { event: name } });
    }
    this.#events.set(name, event);
    return event;
  }

  /**
   * An event that nobody else finds here.
   * @throws {TqError} `invalid-option`, `unknown-option`
   */
  create(name: string, given: EventDefinition | undefined): DefinedEvent {
    return createEvent(this.#host, name, given);
  }

  /** The exchanges that they are published to, by full names. */
  exchanges(): readonly string[] {
    const { prefix } = this.#host;
    return [...this.#events.values()].map(({ options: { exchange } }) =>
      exchange === undefined ? eventsExchange(prefix) : exchangeName(prefix, exchange),
    );
  }

  get(name: string): DefinedEvent | undefined {
    return this.#events.get(name);
  }
}
