import { createRouter } from './create-router.js';
import type { ExchangeDefinition } from './definitions.js';
import type { Queue } from './queue.js';
import type { Router } from './router.js';

/** Where a binding leads. */
export type Destination = Queue | Exchange;

/** An exchange: it knows where a message goes on from here. */
export class Exchange {
  readonly definition: ExchangeDefinition;
  /** Takes what no binding wants, when it exists (argument alternate-exchange). */
  readonly alternate: string | undefined;
  readonly router: Router<Destination>;

  constructor(definition: ExchangeDefinition, alternate: string | undefined) {
    this.definition = definition;
    this.alternate = alternate;
    this.router = createRouter(definition.type);
  }

  get name(): string {
    return this.definition.name;
  }
}
