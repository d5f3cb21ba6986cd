import type { FieldTable } from '../field-value.js';
import type { Route, Router } from './router.js';

/** Finds the bindings whose key is the message's (AMQP 0-9-1 section 3.1.3.1). */
export class DirectExchange<D> implements Router<D> {
  readonly #routes = new Map<string, Set<Route<D>>>();

  add(route: Route<D>): void {
    const routes = this.#routes.get(route.routingKey);
    if (routes === undefined) this.#routes.set(route.routingKey, new Set([route]));
    else routes.add(route);
  }

  remove(route: Route<D>): void {
    const routes = this.#routes.get(route.routingKey);
    if (routes?.delete(route) && routes.size === 0) this.#routes.delete(route.routingKey);
  }

  route(routingKey: string, _headers: () => FieldTable, found: (destination: D) => void): void {
    const routes = this.#routes.get(routingKey);
    if (routes !== undefined) for (const route of routes) found(route.destination);
  }
}
