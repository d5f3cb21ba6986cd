import { refuseUnknownKeys } from '../options-check.js';
import { invalid } from './kinds.js';
import type { OptionTable } from './option.js';

/**
 * Refuses keys that a table does not have, also those inside of its objects.
 * @param where who was called with them, or which file has them
 * @throws {TqError} `unknown-option` with the nearest known key; `invalid-option` where an object is expected
 */
export function checkKeys(values: object, table: OptionTable, where: string): void {
  const groups = new Map<string, string[]>();
  const names = Object.keys(table).map((key) => {
    const [name = '', inner] = key.split('.');
    if (inner !== undefined) groups.set(name, [...(groups.get(name) ?? []), inner]);
    return name;
  });
  refuseUnknownKeys(values, [...new Set(names)], where);
  for (const [name, known] of groups) {
    const group = valueAt(values, name);
    if (group === undefined) continue;
    if (!isRecord(group)) throw invalid(`${where}: ${name}`, `an object with ${known.join(', ')}`, group);
    refuseUnknownKeys(group, known, `${where}: ${name}`);
  }
}

/** The value at a key such as `url` or `tls.ca`; undefined where there is none. */
export function valueAt(values: object, key: string): unknown {
  let found: unknown = values;
  for (const name of key.split('.')) {
    if (!isRecord(found)) return undefined;
    found = found[name];
  }
  return found;
}

/** Whether a value has keys: an object that is no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
