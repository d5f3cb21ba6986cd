import type { FieldTable } from '../field-value.js';
import { type Destination, Exchange } from './exchange.js';
import type { Queue } from './queue.js';

/** Finds what routing needs to know by name. */
export interface RoutingMap {
  queue(name: string): Queue | undefined;
  exchange(name: string): Exchange | undefined;
}

/**
 * The queues that a message reaches, each once: through the bindings of its exchange, through exchanges bound to that
 * one, and, where an exchange has nowhere to send it, through its alternate exchange. Cycles end, since no exchange is
 * looked at twice.
 * @param keys the routing key and those of the CC and BCC headers
 */
export function routeMessage(
  map: RoutingMap,
  exchange: Exchange,
  keys: readonly string[],
  headers: () => FieldTable,
): readonly Queue[] {
  const [first] = keys;
  if (exchange.name === '' && keys.length === 1 && first !== undefined) {
    const queue = map.queue(first);
    return queue === undefined ? [] : [queue];
  }
  return new Walk(map, keys, headers).from(exchange);
}

/** One message on its way through the exchanges. */
class Walk {
  readonly #map: RoutingMap;
  readonly #keys: readonly string[];
  readonly #headers: () => FieldTable;
  readonly #queues = new Set<Queue>();
  readonly #seen = new Set<Exchange>();
  readonly #open: Exchange[] = [];

  constructor(map: RoutingMap, keys: readonly string[], headers: () => FieldTable) {
    this.#map = map;
    this.#keys = keys;
    this.#headers = headers;
  }

  from(exchange: Exchange): Queue[] {
    this.#reach(exchange);
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) this.#pass(next);
    return [...this.#queues];
  }

  #pass(exchange: Exchange): void {
    let found = 0;
    const reach = (destination: Destination) => {
      found += 1;
      this.#reach(destination);
    };
    for (const key of this.#keys) {
      if (exchange.name === '') {
        const queue = this.#map.queue(key);
        if (queue !== undefined) reach(queue);
      } else {
        exchange.router.route(key, this.#headers, reach);
      }
    }
    const alternate =
      found === 0 && exchange.alternate !== undefined ? this.#map.exchange(exchange.alternate) : undefined;
    if (alternate !== undefined) this.#reach(alternate);
  }

  #reach(destination: Destination): void {
    if (!(destination instanceof Exchange)) {
      this.#queues.add(destination);
    } else if (!this.#seen.has(destination)) {
      this.#seen.add(destination);
      this.#open.push(destination);
    }
  }
}
