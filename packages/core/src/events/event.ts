import type { Route } from '../broker/delay-ladder.js';
import { eventsExchange, exchangeName } from '../protocol/names.js';
import type { Publication } from '../results/publication.js';
import {
  isStandardSchema,
  type SchemaInput,
  type SchemaOutput,
  type StandardSchema,
} from '../schema/standard-schema.js';
import { checkEvent, type EventDefinition, type EventOptions, type PublishOptions } from './event-options.js';

/**
 * Something that happens, which others may want to know of: whoever subscribes gets it, and who that is its publisher
 * does not know.
 * @typeParam I what is published
 * @typeParam O what subscribers get: what the schema makes of it
 */
export interface DefinedEvent<I = unknown, O = I> {
  /** What messages call it, and what patterns are compared with. */
  readonly name: string;
  /** What its payload must fit: what it takes is sent, and subscribers get what it makes of that. */
  readonly payload: StandardSchema<I, O> | undefined;
  /** What all events of this name have in common. */
  readonly options: EventOptions;
  /**
   * Publishes an event at once; await what it gives to know that the broker has it. What is wrong with it rejects that,
   * with a `PublishError`; nothing is thrown.
   */
  publish(payload: I, options?: PublishOptions): Publication;
}

/** Makes an event, of an app or of the default one. Its type comes from its schema, and where it has none from the type parameter. */
export interface DefineEvent {
  /**
   * With the schema of its payload.
   * @throws {TqError} `duplicate-event`, `invalid-option`, `unknown-option`
   */
  <S extends StandardSchema<unknown, unknown>>(name: string, payload: S): DefinedEvent<SchemaInput<S>, SchemaOutput<S>>;
  /**
   * With the schema of its payload among its options.
   * @throws {TqError} `duplicate-event`, `invalid-option`, `unknown-option`
   */
  <S extends StandardSchema<unknown, unknown>>(
    name: string,
    options: EventOptions & { readonly payload: S },
  ): DefinedEvent<SchemaInput<S>, SchemaOutput<S>>;
  /**
   * Without one: `defineEvent<Order>('orders.created')`.
   * @throws {TqError} `duplicate-event`, `invalid-option`, `unknown-option`
   */
  <T>(name: string, options?: EventOptions & { readonly payload?: undefined }): DefinedEvent<T>;
}

/** An event as whoever publishes it needs it. */
export interface EventRoute {
  readonly name: string;
  /** The exchange by its full name. */
  readonly target: Route;
  readonly mandatory: boolean;
  readonly persistent: boolean;
  readonly payload: StandardSchema<unknown, unknown> | undefined;
}

/** What events need of their app. */
export interface EventHost {
  readonly prefix: string;
  publishEvent(event: EventRoute, payload: unknown, options: PublishOptions | undefined): Publication;
}

/**
 * Makes the event of a name.
 * @param given its schema, or its options
 * @throws {TqError} `invalid-option`, `unknown-option`
 */
export function createEvent(
  host: EventHost,
  name: string,
  given: EventDefinition | StandardSchema<unknown, unknown> = {},
): DefinedEvent {
  const { payload, ...options } = checkEvent(name, isStandardSchema(given) ? { payload: given } : given);
  const { exchange, routingKey = name, mandatory = false, persistent = true } = options;
  const full = exchange === undefined ? eventsExchange(host.prefix) : exchangeName(host.prefix, exchange);
  const route = { name, target: { exchange: full, routingKey }, mandatory, persistent, payload };
  return {
    name,
    payload,
    options,
    publish: (value, own) => host.publishEvent(route, value, own),
  };
}
