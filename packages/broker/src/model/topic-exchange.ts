import type { FieldTable } from '../field-value.js';
import type { Route, Router } from './router.js';
import { TopicTrie } from './topic-pattern.js';

/** Finds the bindings whose pattern the message's key fits (AMQP 0-9-1 section 3.1.3.3). */
export class TopicExchange<D> implements Router<D> {
  readonly #routes = new TopicTrie<Route<D>>();

  add(route: Route<D>): void {
    this.#routes.add(route.routingKey, route);
  }

  remove(route: Route<D>): void {
    this.#routes.remove(route.routingKey, route);
  }

  route(routingKey: string, _headers: () => FieldTable, found: (destination: D) => void): void {
    this.#routes.match(routingKey, (route) => found(route.destination));
  }
}
