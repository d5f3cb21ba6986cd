/** Bodies of messages that are no tasks: what programs of any language send each other. */
import { isUtf8 } from 'node:buffer';
import { TqError } from '../errors.js';
import type { PlainFormat } from './foreign-message.js';
import { CONTENT_TYPE } from './plain-message.js';

/** How a plain body is read and written: as JSON, as UTF-8 text, or not at all. */
export type ForeignFormat = PlainFormat | 'bytes';

/** Every format, for whoever checks one. */
export const FOREIGN_FORMATS = ['json', 'text', 'bytes'] as const satisfies readonly ForeignFormat[];

/** Content type that says this of a body. */
export const FOREIGN_CONTENT_TYPE: Readonly<Record<ForeignFormat, string>> = {
  ...CONTENT_TYPE,
  bytes: 'application/octet-stream',
};

/**
 * Writes a body: any value that JSON carries, as it writes it (`undefined` is null, a `Date` its ISO text); text, numbers
 * and booleans as text; or bytes.
 * @throws {TqError} `unserialisable`
 */
export function encodeForeignBody(body: unknown, format: ForeignFormat): Buffer {
  switch (format) {
    case 'json':
      return Buffer.from(jsonOf(body));
    case 'text':
      if (TEXTS.has(typeof body)) return Buffer.from(String(body));
      throw notWritable('text, a number or a boolean', body);
    case 'bytes':
      if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
      throw notWritable('bytes (a Buffer or a Uint8Array)', body);
  }
}

const TEXTS: ReadonlySet<string> = new Set(['string', 'number', 'boolean', 'bigint']);

function jsonOf(body: unknown): string {
  if (body === undefined) return 'null';
  let text: string | undefined;
  let cause: unknown;
  try {
    text = JSON.stringify(body);
  } catch (thrown) {
    cause = thrown;
  }
  if (text === undefined) throw notWritable('a value that JSON can carry', body, cause);
  return text;
}

/** Names the kind of what was found, never the value. */
function notWritable(expected: string, found: unknown, cause?: unknown): TqError {
  const kind = found === null ? 'null' : typeof found;
  const why = cause === undefined ? kind : `one that cannot be written (see the cause)`;
  return new TqError('unserialisable', `body: expected ${expected}, found ${why}.`, { cause });
}

/**
 * Reads a body. The texts of its errors quote nothing of it.
 * @throws {TqError} `poison` when it is none of this format
 */
export function decodeForeignBody(body: Buffer, format: ForeignFormat): unknown {
  if (format === 'bytes') return body;
  if (!isUtf8(body)) throw new TqError('poison', `Expected text in UTF-8, found ${body.length} bytes that are none.`);
  const text = body.toString('utf8');
  if (format === 'text') return text;
  try {
    return JSON.parse(text);
  } catch {
    const found = `${text.length} characters of text that do not parse as it`;
    throw new TqError('poison', `Expected JSON, found ${found}; name the format 'text' for bodies that are none.`);
  }
}
