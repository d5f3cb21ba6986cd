import { TqError } from '../errors.js';

/** Bytes: a number, or a text such as `200mb`; units are powers of 1,024. */
export type ByteSize = number | `${number}${'b' | 'kb' | 'mb' | 'gb'}`;

const UNITS = { gb: 2 ** 30, mb: 2 ** 20, kb: 2 ** 10, b: 1 } as const;
const PATTERN = /^(\d+(?:\.\d+)?) ?(b|kb|mb|gb)?$/i;

/**
 * Reads a size such as `200mb`; no unit means bytes.
 * @param name what is being read, for the error text
 * @returns whole bytes
 * @throws {TqError} `invalid-option`
 */
export function parseByteSize(text: string, name: string): number {
  const [, digits, unit = 'b'] = PATTERN.exec(text.trim()) ?? [];
  const size = Math.floor(Number(digits) * UNITS[unit.toLowerCase() as keyof typeof UNITS]);
  if (Number.isSafeInteger(size)) return size;
  throw new TqError('invalid-option', `${name}: expected a size such as 200mb, 1.5gb or 1048576, found '${text}'.`);
}

/** Writes bytes in the largest unit that says them exactly: `64mb`, `1000`. */
export function printByteSize(size: number): string {
  const unit = (['gb', 'mb', 'kb'] as const).find((name) => size > 0 && size % UNITS[name] === 0);
  return unit === undefined ? String(size) : `${size / UNITS[unit]}${unit}`;
}
