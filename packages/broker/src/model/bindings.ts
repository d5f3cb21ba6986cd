import type { BindingDefinition } from './definitions.js';
import type { Destination, Exchange } from './exchange.js';
import type { Route } from './router.js';
import { tableKey } from './table-equality.js';

/** A binding between two things that exist. */
export interface Binding extends Route<Destination> {
  readonly source: Exchange;
  readonly definition: BindingDefinition;
  /** Both ends outlive a restart, and so does the binding. */
  readonly durable: boolean;
}

/** All bindings of a virtual host, found from both of their ends. The default exchange's are not among them. */
export class Bindings {
  readonly #from = new Map<Exchange, Map<string, Binding>>();
  readonly #to = new Map<Destination, Set<Binding>>();

  /** The binding that was made with an equal definition. */
  find(source: Exchange, definition: BindingDefinition): Binding | undefined {
    return this.#from.get(source)?.get(bindingKey(definition));
  }

  /** How many lead away from an exchange. */
  countFrom(source: Exchange): number {
    return this.#from.get(source)?.size ?? 0;
  }

  /** Those that lead away from an exchange. */
  from(source: Exchange): readonly Binding[] {
    return [...(this.#from.get(source)?.values() ?? [])];
  }

  /** Those that lead to a queue or an exchange. */
  to(destination: Destination): readonly Binding[] {
    return [...(this.#to.get(destination) ?? [])];
  }

  /** Adds a binding, and its exchange routes by it from now on. */
  add(binding: Binding): void {
    const { source, destination, definition } = binding;
    const outgoing = this.#from.get(source) ?? new Map<string, Binding>();
    this.#from.set(source, outgoing.set(bindingKey(definition), binding));
    this.#to.set(destination, (this.#to.get(destination) ?? new Set()).add(binding));
    source.router.add(binding);
  }

  remove(binding: Binding): void {
    const { source, destination, definition } = binding;
    const outgoing = this.#from.get(source);
    outgoing?.delete(bindingKey(definition));
    if (outgoing?.size === 0) this.#from.delete(source);
    const incoming = this.#to.get(destination);
    incoming?.delete(binding);
    if (incoming?.size === 0) this.#to.delete(destination);
    source.router.remove(binding);
  }
}

/** A text that two bindings of one exchange share exactly when they are the same one: destination, key and arguments. */
function bindingKey({ destinationType, destination, routingKey, arguments: table }: BindingDefinition): string {
  return JSON.stringify([destinationType, destination, routingKey, tableKey(table)]);
}
