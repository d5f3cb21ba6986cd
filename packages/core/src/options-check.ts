import { TqError } from './errors.js';
import { nearest } from './nearest.js';

/**
 * Refuses keys that nobody reads, since a misspelt option is a default taken in silence.
 * @throws {TqError} `unknown-option`, with the nearest known key
 */
export function refuseUnknownKeys(options: object, known: readonly string[], where: string): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    const hint = near === undefined ? `Known are ${[...known].sort().join(', ')}.` : `Did you mean '${near}'?`;
    throw new TqError('unknown-option', `${where}: unknown option '${key}'. ${hint}`, { fields: { key } });
  }
}

/** Bounds of a number; both ends are allowed. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/**
 * Checks a whole number.
 * @throws {TqError} `invalid-option` naming the option, the range and what was found
 */
export function requireInteger(value: unknown, name: string, { min, max }: Range): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new TqError(
    'invalid-option',
    `${name}: expected a whole number from ${min} to ${max}, found ${String(value)}.`,
  );
}

/**
 * Checks one of a few words.
 * @throws {TqError} `invalid-option` naming the option and the words, and the nearest one
 */
export function requireOneOf<T extends string>(value: unknown, name: string, words: readonly T[]): T {
  if (words.includes(value as T)) return value as T;
  const near = nearest(String(value), words);
  const hint = near === undefined ? '' : ` Did you mean '${near}'?`;
  throw new TqError('invalid-option', `${name}: expected ${words.join(' or ')}, found '${String(value)}'.${hint}`);
}
