/**
 * Values as JSON text (content type `application/json`), with what JSON would lose carried in kombu's typed form
 * `{"__type__": …, "__value__": …}` or refused.
 */
import { hasCode, TqError } from '../errors.js';
import { inspectValue, type SerializeOptions } from './inspect-value.js';
import { decodeTyped, encodeTyped, TYPE_KEY } from './typed-values.js';

export type { SerializeOptions };

/**
 * Writes a value as JSON text. Getters and `toJSON()` run twice: once to look, once to write.
 * @param where what the value is, for the error text: `args`, `result`
 * @throws {TqError} `unserialisable`, naming the path and what was found there; nothing else, whatever the value does
 */
export function serialize(value: unknown, where: string, options: SerializeOptions): string {
  try {
    const kind = inspectValue(value, where, options);
    // Nothing but a `toJSON()` that gives undefined has no JSON here, and only a plain one may do that.
    return JSON.stringify(kind === 'plain' ? value : encodeTyped(value)) ?? 'null';
  } catch (cause) {
    if (hasCode(cause, 'unserialisable')) throw cause;
    const message = `${where}: expected a value that JSON can carry, found one that throws when it is read (see the cause); pass plain data.`;
    throw new TqError('unserialisable', message, { fields: { path: where }, cause });
  }
}

/**
 * Reads JSON text that any of Celery, tq or a plain program wrote. The texts of its errors quote nothing of it.
 * @throws {TqError} `poison` when the text is no JSON, or a typed form in it is malformed
 */
export function deserialize(text: string): unknown {
  const value = parse(text);
  if (!text.includes(TYPE_KEY)) return value;
  try {
    return decodeTyped(value);
  } catch (cause) {
    if (hasCode(cause, 'poison')) throw cause;
    throw new TqError('poison', 'Expected JSON with typed values, found one that is nested too deeply to read.', {
      cause,
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TqError('poison', `Expected JSON, found ${text.length} characters of text that do not parse as it.`);
  }
}
