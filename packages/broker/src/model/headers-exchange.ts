import { AmqpError } from '../errors.js';
import { type FieldTable, field, textOf } from '../field-value.js';
import { plainValue, printedValue, typeName } from './printed-value.js';
import type { Route, Router } from './router.js';
import { comparisonKey } from './table-equality.js';

const MATCHES: readonly string[] = ['all', 'any', 'all-with-x', 'any-with-x'];

/** What a binding asks of one header: to be there, or to have this value. */
interface Criterion {
  readonly header: string;
  /** The comparison key of the value, or undefined when any will do (a void argument). */
  readonly value: string | undefined;
}

/** A binding made ready for matching. */
interface Entry<D> {
  readonly destination: D;
  readonly criteria: readonly Criterion[];
  /** One criterion is enough. */
  readonly any: boolean;
  /** Where it is to be found. */
  readonly places: readonly string[];
}

/**
 * Finds the bindings whose arguments the message's headers meet (AMQP 0-9-1 section 3.1.3.4), as RabbitMQ does:
 * `x-match` is `all` (also when absent), `any`, or either with `-with-x`, without which other arguments that begin
 * with `x-` don't count; values are compared without regard to their type; without criteria `all` fits every message
 * and `any` none. Where a name stands several times, each occurrence is compared with the same one of the headers.
 *
 * Bindings lie in an index by what they ask for, under each criterion for `any` and under the rarest for `all`, so that
 * a message meets only those that have something in common with it.
 */
export class HeadersExchange<D> implements Router<D> {
  readonly #entries = new Map<Route<D>, Entry<D>>();
  readonly #index = new Map<string, Set<Entry<D>>>();
  /** Entries that fit every message. */
  readonly #always = new Set<Entry<D>>();

  checkBinding(bindingArguments: FieldTable): void {
    const match = field(bindingArguments, 'x-match');
    if (match === undefined) return;
    if (match.tag !== 'S') {
      const found = `Invalid x-match field type ${typeName(match)} (value ${printedValue(match)})`;
      throw new AmqpError('PRECONDITION_FAILED', `${found}; expected longstr`);
    }
    if (MATCHES.includes(plainValue(match))) return;
    const found = `Invalid x-match field value ${printedValue(match)}`;
    throw new AmqpError('PRECONDITION_FAILED', `${found}; expected all, any, all-with-x, or any-with-x`);
  }

  add(route: Route<D>): void {
    const match = textOf(field(route.arguments, 'x-match'));
    const any = match === 'any' || match === 'any-with-x';
    const criteria = readCriteria(route.arguments, match === 'all-with-x' || match === 'any-with-x');
    const places = this.#placesOf(criteria, any);
    const entry: Entry<D> = { destination: route.destination, criteria, any, places };
    this.#entries.set(route, entry);
    if (criteria.length === 0 && !any) this.#always.add(entry);
    for (const place of places) {
      const entries = this.#index.get(place);
      if (entries === undefined) this.#index.set(place, new Set([entry]));
      else entries.add(entry);
    }
  }

  remove(route: Route<D>): void {
    const entry = this.#entries.get(route);
    if (entry === undefined) return;
    this.#entries.delete(route);
    this.#always.delete(entry);
    for (const place of entry.places) {
      const entries = this.#index.get(place);
      if (entries?.delete(entry) && entries.size === 0) this.#index.delete(place);
    }
  }

  route(_routingKey: string, headers: () => FieldTable, found: (destination: D) => void): void {
    for (const entry of this.#always) found(entry.destination);
    if (this.#index.size === 0) return;
    const values = new Map(occurrences(headers()));
    for (const [header, value] of values) {
      this.#search(header, values, found);
      this.#search(placeOf({ header, value }), values, found);
    }
  }

  #search(place: string, values: ReadonlyMap<string, string>, found: (destination: D) => void): void {
    const entries = this.#index.get(place);
    if (entries !== undefined) for (const entry of entries) if (fits(entry, values)) found(entry.destination);
  }

  #placesOf(criteria: readonly Criterion[], any: boolean): readonly string[] {
    const places = criteria.map(placeOf);
    if (any || places.length < 2) return places;
    return [places.reduce((rarest, place) => (this.#crowd(place) < this.#crowd(rarest) ? place : rarest))];
  }

  #crowd(place: string): number {
    return this.#index.get(place)?.size ?? 0;
  }
}

function readCriteria(bindingArguments: FieldTable, withX: boolean): readonly Criterion[] {
  const counted = bindingArguments.filter(([name]) => name !== 'x-match' && (withX || !name.startsWith('x-')));
  return occurrences(counted).map(([header, value]) => ({ header, value: value === VOID ? undefined : value }));
}

const VOID = comparisonKey({ tag: 'V', value: undefined });

/** Names with the comparison keys of their values; what repeats a name gets one of its own. */
function occurrences(table: FieldTable): [header: string, value: string][] {
  const counts = new Map<string, number>();
  return table.map(([name, value]) => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return [count === 0 ? name : `${name}\0${count}`, comparisonKey(value)];
  });
}

/** Two criteria may share a place (names can hold any character), so what is found there is looked at again. */
function placeOf({ header, value }: Criterion): string {
  return value === undefined ? header : `${header}\0${value}`;
}

function fits<D>(entry: Entry<D>, values: ReadonlyMap<string, string>): boolean {
  const meets = ({ header, value }: Criterion) =>
    value === undefined ? values.has(header) : values.get(header) === value;
  return entry.any ? entry.criteria.some(meets) : entry.criteria.every(meets);
}
