import type { FieldTable } from '../field-value.js';
import type { Route, Router } from './router.js';

/** Finds every binding, whatever the message's key (AMQP 0-9-1 section 3.1.3.2). */
export class FanoutExchange<D> implements Router<D> {
  readonly #routes = new Set<Route<D>>();

  add(route: Route<D>): void {
    this.#routes.add(route);
  }

  remove(route: Route<D>): void {
    this.#routes.delete(route);
  }

  route(_routingKey: string, _headers: () => FieldTable, found: (destination: D) => void): void {
    for (const route of this.#routes) found(route.destination);
  }
}
