import { refuseUnknownKeys } from '../options-check.js';
import { isRecord } from './keys.js';
import { invalid } from './kinds.js';
import type { OptionTable, OptionValues } from './option.js';

/**
 * Checks an object each of whose keys is a row of a table, such as one queue of `queues`. What is undefined is left out.
 * @param name where it is, for error texts
 * @throws {TqError} `unknown-option` with the nearest known key, or `invalid-option`
 */
export function checkRecord<const Table extends OptionTable>(
  value: unknown,
  name: string,
  table: Table,
): Partial<OptionValues<Table>> {
  if (!isRecord(value)) throw invalid(name, `an object with ${Object.keys(table).slice(0, 3).join(', ')}, …`, value);
  refuseUnknownKeys(value, Object.keys(table), name);
  const set = Object.entries(value).filter(([, own]) => own !== undefined);
  return Object.fromEntries(set.map(([key, own]) => [key, table[key]?.check(own, `${name}: ${key}`)])) as Partial<
    OptionValues<Table>
  >;
}

/**
 * Checks an object of such objects by their names.
 * @param what the thing that has the name, for error texts: `queue`
 * @throws {TqError} `unknown-option` or `invalid-option`
 */
export function checkNamed<T>(
  values: unknown,
  name: string,
  what: string,
  check: (value: unknown, name: string) => T,
): Readonly<Record<string, T>> {
  if (!isRecord(values)) throw invalid(name, `an object with a ${what} for each key`, values);
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, check(value, `${name}: ${what} '${key}'`)]),
  );
}
