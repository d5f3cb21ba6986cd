import type { Route } from '../broker/delay-ladder.js';
import type { Headers } from '../protocol/message.js';
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
