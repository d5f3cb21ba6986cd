import { headersArguments } from '../protocol/headers-match.js';
import { exchangeName, isBrokerExchange } from '../protocol/names.js';
import type { BindingSettings } from './binding-options.js';
import type { Route } from './delay-ladder.js';
import type { ExchangeSettings } from './exchange-options.js';
import type { QueueDeclare, QueueSettings, QueueType } from './queue-options.js';
import { broadcastTopology, sharedTopology } from './shared-topology.js';
import { eventsTopology } from './subscription-topology.js';
import { type Binding, type ExchangeDeclaration, type Topology, taskQueueTopology } from './topology.js';

/** What an app's options say of its queues and exchanges, by names without prefix. */
export interface TopologySettings {
  readonly prefix: string;
  readonly queueType: QueueType;
  /** Celery's queues are declared as Celery does unless their own options say otherwise. */
  readonly preset: 'tq' | 'celery';
  readonly queues: Readonly<Record<string, QueueSettings>>;
  readonly exchanges: Readonly<Record<string, ExchangeSettings>>;
}

/** What an app declares. All names are full ones, prefix included. */
export interface AppTopology {
  /** A queue with what it gets messages from: the exchanges, what those are bound to, and their alternates. */
  ofQueue(queue: string): Topology;
  /** An exchange with all that it leads to, each of it as `ofQueue` has it; undefined where the options do not have it. */
  ofExchange(exchange: string): Topology | undefined;
  /** These queues and exchanges, and everything that the options have. */
  whole(queues: readonly string[], exchanges?: readonly string[]): Topology;
  /** Whether what is published there need not outlive the broker; undefined where nothing is of that kind. */
  readonly isTransient: ((route: Route) => boolean) | undefined;
}

/** Reads the options once: what follows from them is asked for by name. */
export function createAppTopology(settings: TopologySettings): AppTopology {
  const graph = graphOf(settings);
  return {
    ofQueue: (queue) => new Closure(graph).addQueue(queue).topology(),
    ofExchange: (exchange) =>
      graph.exchanges.has(exchange) ? new Closure(graph).addReach(exchange).topology() : undefined,
    whole: (queues, exchanges = []) => {
      const closure = new Closure(graph);
      for (const queue of [...queues, ...graph.queues.keys()]) closure.addQueue(queue);
      for (const exchange of [...exchanges, ...graph.configured]) closure.addReach(exchange);
      return closure.topology();
    },
    isTransient: transience(graph),
  };
}

interface ExchangeNode {
  readonly declaration: ExchangeDeclaration;
  /** What it gets messages by. */
  readonly bindings: readonly Binding[];
}

/** What an app's exchanges are to others and to queues, by full names. */
interface Graph {
  readonly exchanges: ReadonlyMap<string, ExchangeNode>;
  /** Those of them that the options have. */
  readonly configured: readonly string[];
  readonly queues: ReadonlyMap<string, { readonly settings: QueueSettings; readonly bindings: Binding[] }>;
  queueTopology(queue: string): Topology;
}

function graphOf({ prefix, queueType, preset, queues, exchanges }: TopologySettings): Graph {
  const standard: QueueDeclare = preset === 'celery' ? 'bare' : 'full';
  const ofQueues = Object.entries(queues).map(([name, settings]) => {
    const queue = prefix + name;
    return [queue, { settings, bindings: bindingsOf(prefix, settings.bindings, { queue }) }] as const;
  });
  const ofExchanges = Object.entries(exchanges).map(([name, settings]) => {
    const to = exchangeName(prefix, name);
    const bindings = bindingsOf(prefix, settings.bindings, { to });
    return [to, { declaration: exchangeDeclaration(prefix, name, settings), bindings }] as const;
  });
  const byName = new Map(ofQueues);
  return {
    exchanges: new Map([...ownExchanges(prefix), ...ofExchanges]),
    configured: ofExchanges.map(([name]) => name),
    queues: byName,
    queueTopology(queue) {
      const own = byName.get(queue)?.settings ?? {};
      const type = preset === 'celery' ? 'classic' : (own.type ?? queueType);
      const declare = own.declare ?? standard;
      return sharedTopology(queue, { prefix, type }) ?? taskQueueTopology(queue, { prefix, type, declare, own });
    },
  };
}

/** The exchanges of events and broadcasts, which nobody configures. */
function ownExchanges(prefix: string): [string, ExchangeNode][] {
  const [events, broadcasts] = [eventsTopology(prefix), broadcastTopology(prefix)];
  const exchanges = [...events.exchanges, ...broadcasts.exchanges];
  const { bindings } = events;
  return exchanges.map((declaration) => {
    const { name } = declaration;
    return [name, { declaration, bindings: bindings.filter((one) => 'to' in one && one.to === name) }];
  });
}

function exchangeDeclaration(prefix: string, name: string, settings: ExchangeSettings): ExchangeDeclaration {
  const { type, durable, autoDelete, internal, alternate, declare } = settings;
  const own = { name: exchangeName(prefix, name), type };
  // The broker makes its own exchanges itself.
  if (declare === 'passive' || isBrokerExchange(name)) return { ...own, passive: true };
  return {
    ...own,
    durable,
    autoDelete,
    internal,
    alternate: alternate === undefined ? undefined : exchangeName(prefix, alternate),
    arguments: settings.arguments,
  };
}

/** One for each key. */
function bindingsOf(
  prefix: string,
  bindings: readonly BindingSettings[] | undefined,
  end: { readonly queue: string } | { readonly to: string },
): Binding[] {
  return (bindings ?? []).flatMap(({ exchange, key = NO_KEY, headers, match, arguments: more }) => {
    const compared = headers === undefined ? {} : headersArguments(headers, match ?? 'all');
    const own = { ...compared, ...more };
    const rest = Object.keys(own).length === 0 ? {} : { arguments: own };
    return key.map((routingKey) => ({ ...end, exchange: exchangeName(prefix, exchange), routingKey, ...rest }));
  });
}

const NO_KEY = [''] as const;

/** A part of the graph, each thing once, however often and in whatever circles it is met. */
class Closure {
  readonly #graph: Graph;
  readonly #exchanges = new Map<string, ExchangeDeclaration>();
  readonly #queues = new Map<string, Topology['queues'][number]>();
  readonly #bindings = new Map<string, Binding>();
  readonly #seen = new Set<string>();
  readonly #reached = new Set<string>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  addQueue(queue: string): this {
    if (this.#queues.has(queue)) return this;
    const { exchanges, queues, bindings } = this.#graph.queueTopology(queue);
    for (const own of exchanges) if (!this.#exchanges.has(own.name)) this.#exchanges.set(own.name, own);
    for (const own of queues) this.#queues.set(own.name, own);
    for (const own of bindings) this.#bind(own);
    this.#bindAll(this.#graph.queues.get(queue)?.bindings);
    return this;
  }

  /** With its sources and its alternate; one that nobody has configured has to be there. */
  addExchange(exchange: string): void {
    if (this.#seen.has(exchange)) return;
    this.#seen.add(exchange);
    const own = this.#graph.exchanges.get(exchange);
    const known = this.#exchanges.get(exchange);
    this.#exchanges.set(exchange, own?.declaration ?? known ?? { name: exchange, type: 'direct', passive: true });
    this.#bindAll(own?.bindings);
    const alternate = own?.declaration.alternate;
    if (alternate !== undefined) this.addExchange(alternate);
  }

  /** With everything that gets its messages. */
  addReach(exchange: string): this {
    if (this.#reached.has(exchange)) return this;
    this.#reached.add(exchange);
    this.addExchange(exchange);
    for (const next of exchangesBehind(this.#graph, exchange)) this.addReach(next);
    for (const queue of queuesBehind(this.#graph, exchange)) this.addQueue(queue);
    return this;
  }

  topology(): Topology {
    return {
      exchanges: [...this.#exchanges.values()],
      queues: [...this.#queues.values()],
      bindings: [...this.#bindings.values()],
    };
  }

  #bindAll(bindings: readonly Binding[] | undefined): void {
    for (const binding of bindings ?? []) {
      this.addExchange(binding.exchange);
      this.#bind(binding);
    }
  }

  #bind(binding: Binding): void {
    this.#bindings.set(JSON.stringify(binding), binding);
  }
}

function exchangesBehind({ exchanges }: Graph, from: string): string[] {
  const bound = [...exchanges].filter(([, { bindings }]) => bindings.some(({ exchange }) => exchange === from));
  const alternate = exchanges.get(from)?.declaration.alternate;
  return [...bound.map(([name]) => name), ...(alternate === undefined ? [] : [alternate])];
}

function queuesBehind({ queues }: Graph, from: string): string[] {
  const bound = [...queues].filter(([, { bindings }]) => bindings.some(({ exchange }) => exchange === from));
  return bound.map(([name]) => name);
}

/** What goes to a queue that does not outlive the broker, or through such an exchange to no durable queue that is known. */
function transience(graph: Graph): AppTopology['isTransient'] {
  const isLasting = (queue: string) => graph.queues.get(queue)?.settings.durable !== false;
  const queues = new Set([...graph.queues.keys()].filter((queue) => !isLasting(queue)));
  const exchanges = new Set(
    [...graph.exchanges]
      .filter(([name, { declaration }]) => declaration.durable === false && !leadsToAny(graph, name, isLasting))
      .map(([name]) => name),
  );
  if (queues.size === 0 && exchanges.size === 0) return undefined;
  return ({ exchange, routingKey }) => (exchange === '' ? queues.has(routingKey) : exchanges.has(exchange));
}

function leadsToAny(graph: Graph, from: string, wanted: (queue: string) => boolean, seen = new Set<string>()): boolean {
  if (seen.has(from)) return false;
  seen.add(from);
  if (queuesBehind(graph, from).some(wanted)) return true;
  return exchangesBehind(graph, from).some((next) => leadsToAny(graph, next, wanted, seen));
}
