import type { Route } from '../broker/delay-ladder.js';
import type { ExchangeType } from '../broker/exchange-options.js';
import type { Headers } from '../protocol/message.js';
import { eventsExchange, exchangeName } from '../protocol/names.js';
import type { SubscriptionFacts } from '../protocol/subscription.js';
import { type Choice, takesMessage } from '../protocol/subscription-match.js';
import { openRegistries } from '../task/process-state.js';
import type { Registry } from '../task/registry.js';

/** Where an eager app looks for those whom a message is for. */
export interface EagerSubscribers {
  /** The app's own, whose subscriptions win over those of the same name of other apps of the process. */
  readonly registry: Registry;
  /** Of an exchange by its full name; bindings between exchanges are not followed. */
  readonly choiceOf: (exchange: string) => Choice;
}

/**
 * The kinds of the exchanges that an app knows: its own, RabbitMQ's, and tq's for events; any other is taken for a topic
 * exchange.
 */
export function choicesOf(
  prefix: string,
  exchanges: Readonly<Record<string, { readonly type: ExchangeType }>>,
): EagerSubscribers['choiceOf'] {
  const own = Object.entries(exchanges).map(([name, { type }]) => [exchangeName(prefix, name), type] as const);
  const choices = new Map<string, Choice>([...BROKERS_OWN, ...own, [eventsExchange(prefix), 'events']]);
  return (exchange) => choices.get(exchange) ?? 'topic';
}

const BROKERS_OWN: readonly (readonly [string, Choice])[] = [
  ['amq.direct', 'direct'],
  ['amq.fanout', 'fanout'],
  ['amq.headers', 'headers'],
  ['amq.match', 'headers'],
];

/** The subscriptions of all open apps of the process that a broker would bring the message to, each once. */
export function subscribersOf(
  { registry, choiceOf }: EagerSubscribers,
  { exchange, routingKey }: Route,
  headers: Headers = NO_HEADERS,
): readonly SubscriptionFacts[] {
  const choice = choiceOf(exchange);
  const found = new Map<string, SubscriptionFacts>();
  for (const own of new Set([registry, ...openRegistries()])) {
    for (const facts of own.subscriptions()) {
      if (facts.exchange !== exchange || found.has(facts.name)) continue;
      if (takesMessage(facts, choice, { routingKey, headers })) found.set(facts.name, facts);
    }
  }
  return [...found.values()];
}

const NO_HEADERS: Headers = Object.freeze({});
