import { hasCode, TqError } from '../errors.js';
import { decodeTyped, encodeTyped, inspectValue, TYPE_KEY } from './typed-values.js';

/**
 * Values as JSON text (content type `application/json`), with what JSON would lose carried in kombu's typed form
 * `{"__type__": …, "__value__": …}` or refused.
 */
export interface SerializeOptions {
  /** False refuses what only tq can read back (Map, Set, BigInt, NaN, …), for queues that Python workers consume. */
  readonly tqTypes: boolean;
}

/**
 * Writes a value as JSON text.
 * @param where what the value is, for the error text: `args`, `result`
 * @throws {TqError} `unserialisable`, naming the path and what was found there
 */
export function serialize(value: unknown, where: string, options: SerializeOptions): string {
  const kind = inspectValue(value, where, options);
  return JSON.stringify(kind === 'plain' ? value : encodeTyped(value));
}

/**
 * Reads JSON text that any of Celery, tq or a plain program wrote.
 * @throws {TqError} `poison` when the text is no JSON, or a typed form in it is malformed
 */
export function deserialize(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return text.includes(TYPE_KEY) ? decodeTyped(value) : value;
  } catch (cause) {
    if (hasCode(cause, 'poison')) throw cause;
    throw new TqError('poison', `Expected JSON, found text that does not parse: ${(cause as Error).message}`, { cause });
  }
}
