import type { FieldTable } from '../field-value.js';

/** A binding as a router sees it: where it leads and what it asks for. Two with equal fields are the same one. */
export interface Route<D> {
  readonly destination: D;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

/**
 * The part of an exchange that differs between types: which bindings fit a message. `D` is whatever a binding leads to,
 * compared by identity. Adding, removing and finding cost the same with 1 and with 10,000 bindings, where the type allows it.
 */
export interface Router<D> {
  /**
   * Refuses a binding's arguments, before it is added; there only where the type has an opinion.
   * @throws AmqpError 406
   */
  checkBinding?(bindingArguments: FieldTable): void;
  /** Adds a binding. The caller has made sure that an equal one is not there yet. */
  add(route: Route<D>): void;
  /** Removes a binding that was added: the very same object. */
  remove(route: Route<D>): void;
  /**
   * Calls `found` for the destination of each binding that fits; for one that several bindings lead to, perhaps more than once.
   * @param headers decodes the message's headers; called by the headers exchange only
   */
  route(routingKey: string, headers: () => FieldTable, found: (destination: D) => void): void;
}
