import { headersArguments } from '../protocol/headers-match.js';
import type { Headers } from '../protocol/message.js';
import { eventHeadersExchange, eventsExchange, subscriptionExchange } from '../protocol/names.js';
import type { SubscriptionFacts } from '../protocol/subscription.js';
import type { Binding, ExchangeDeclaration, Topology } from './topology.js';

/** What leads to a queue, the queue itself apart. */
export type Inflow = Pick<Topology, 'exchanges' | 'bindings'>;

/** The exchanges of events: one that goes by their names, and behind it one that goes by their headers. */
export function eventsTopology(prefix: string): Topology {
  const [events, byHeaders] = [eventsExchange(prefix), eventHeadersExchange(prefix)];
  return {
    exchanges: [
      { name: events, type: 'topic' },
      { name: byHeaders, type: 'headers' },
    ],
    queues: [],
    bindings: [{ exchange: events, to: byHeaders, routingKey: '#' }],
  };
}

/**
 * What brings a subscription's events to a queue. An exchange of the user's own is bound to and not declared: whoever
 * has it in its configuration adds that.
 * @param queue full name
 */
export function subscriptionInflow(facts: SubscriptionFacts, queue: string, prefix: string): Inflow {
  const { exchange, keys, headers, match = 'all' } = facts;
  const asked = headers && headersArguments(headers, match);
  if (exchange !== eventsExchange(prefix))
    return { exchanges: [], bindings: bindingsTo({ queue }, exchange, keys, asked) };
  const { exchanges, bindings } = eventsTopology(prefix);
  if (asked === undefined) return { exchanges, bindings: [...bindings, ...bindingsTo({ queue }, exchange, keys)] };
  if (takesAll(keys)) {
    const own = bindingsTo({ queue }, eventHeadersExchange(prefix), NO_KEY, asked);
    return { exchanges, bindings: [...bindings, ...own] };
  }
  // A topic exchange looks at no headers and a headers exchange at no keys, so each looks in its turn.
  const both: ExchangeDeclaration = { name: subscriptionExchange(facts.queue), type: 'headers' };
  const own = [...bindingsTo({ to: both.name }, exchange, keys), ...bindingsTo({ queue }, both.name, NO_KEY, asked)];
  return { exchanges: [...exchanges, both], bindings: [...bindings, ...own] };
}

/** The same with what brings the groups their events: their queues are among those of the app. */
export function withSubscriptions(
  whole: Topology,
  subscriptions: readonly SubscriptionFacts[],
  prefix: string,
): Topology {
  const groups = subscriptions.filter(({ group }) => group !== undefined);
  if (groups.length === 0) return whole;
  const inflows = groups.map((facts) => subscriptionInflow(facts, facts.queue, prefix));
  return {
    exchanges: unique([...whole.exchanges, ...inflows.flatMap(({ exchanges }) => exchanges)], ({ name }) => name),
    queues: whole.queues,
    bindings: unique([...whole.bindings, ...inflows.flatMap(({ bindings }) => bindings)], (own) => JSON.stringify(own)),
  };
}

/** The first of each key. */
function unique<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const found = new Map<string, T>();
  for (const item of items) if (!found.has(keyOf(item))) found.set(keyOf(item), item);
  return [...found.values()];
}

const NO_KEY: readonly string[] = [];

function takesAll(keys: readonly string[]): boolean {
  return keys.length === 0 || keys.includes('#');
}

function bindingsTo(
  end: { readonly queue: string } | { readonly to: string },
  exchange: string,
  keys: readonly string[],
  asked?: Headers,
): readonly Binding[] {
  const all = keys.length === 0 ? [''] : keys;
  return all.map((routingKey) =>
    asked === undefined ? { ...end, exchange, routingKey } : { ...end, exchange, routingKey, arguments: asked },
  );
}
