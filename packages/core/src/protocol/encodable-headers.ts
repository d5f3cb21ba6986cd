import type { HeaderValue } from './message.js';

/**
 * Makes a header that was read into one that amqplib can write, with the same meaning on the wire. amqplib guesses a
 * number's type and throws at NaN, at -Infinity and at large fractions; and it takes every table with the key `!` for
 * a value with a type, whatever stands there.
 */
export function encodableHeader(value: HeaderValue): HeaderValue {
  if (typeof value === 'number') return encodableNumber(value);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  if (isList(value)) return value.map(encodableHeader);
  if (isTyped(value)) return value;
  const members = Object.entries(value).map(([key, member]): [string, HeaderValue] => [key, encodableHeader(member)]);
  if (!Object.hasOwn(value, TYPE)) return Object.fromEntries(members);
  // amqplib writes inherited keys too, and only one of the table's own names a type.
  const table = Object.create({ [TYPE]: encodableHeader(value[TYPE]) }) as Record<string, HeaderValue>;
  for (const [key, member] of members) if (key !== TYPE) table[key] = member;
  return table;
}

/** The key under which amqplib gives and takes the type of a value that JavaScript has none for. */
const TYPE = '!';

function encodableNumber(value: number): HeaderValue {
  return Number.isSafeInteger(value) || Math.abs(value) < 2 ** 50 ? value : { [TYPE]: 'double', value };
}

/** The two typed values that amqplib makes when it reads; with a key more it is a table that only looks like one. */
function isTyped(table: { readonly [key: string]: HeaderValue }): boolean {
  const { value } = table;
  if (Object.keys(table).length !== 2) return false;
  if (table[TYPE] === 'timestamp') return isUint(value, 2 ** 64);
  if (table[TYPE] !== 'decimal' || typeof value !== 'object' || value === null || isList(value)) return false;
  return Object.keys(value).length === 2 && isUint(value.places, 2 ** 8) && isUint(value.digits, 2 ** 32);
}

function isUint(value: HeaderValue, below: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < below;
}

function isList(value: HeaderValue): value is readonly HeaderValue[] {
  return Array.isArray(value);
}
