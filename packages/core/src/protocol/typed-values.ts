import { TqError } from '../errors.js';
import { parseIsoTime } from '../time/iso-time.js';

/**
 * The typed form of values that JSON has no word for. `datetime`, `base64` and `bytes` are kombu's (5.3 and later),
 * so that Python reads them; the names with `tq.` are read by tq alone.
 */
export const TYPE_KEY = '__type__';
const VALUE_KEY = '__value__';

/** Copies a value that was inspected, with every loss replaced by its typed form. */
export function encodeTyped(value: unknown): unknown {
  switch (typeof value) {
    case 'number':
      if (Object.is(value, -0)) return tag('tq.number', '-0');
      return Number.isFinite(value) ? value : tag('tq.number', String(value));
    case 'bigint':
      return tag('tq.bigint', String(value));
    case 'undefined':
      return tag('tq.undefined', null);
    case 'object':
      return value === null ? null : encodeObject(value);
    default:
      return value;
  }
}

function encodeObject(value: object): unknown {
  // Python before 3.11 does not read the Z that toISOString writes.
  if (value instanceof Date) return tag('datetime', value.toISOString().replace('Z', '+00:00'));
  if (value instanceof Uint8Array) {
    return tag('base64', Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'));
  }
  if (Array.isArray(value)) return Array.from(value, encodeTyped);
  if (value instanceof Map) return tag('tq.map', Array.from(value, encodeTyped));
  if (value instanceof Set) return tag('tq.set', Array.from(value, encodeTyped));
  const { toJSON } = value as { toJSON?: () => unknown };
  if (typeof toJSON === 'function') return encodeTyped(toJSON.call(value));
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const copy = fromEntries(members.map(([key, member]) => [key, encodeTyped(member)]));
  return Object.hasOwn(value, TYPE_KEY) ? tag('tq.object', copy) : copy;
}

function tag(type: string, value: unknown): object {
  return { [TYPE_KEY]: type, [VALUE_KEY]: value };
}

/**
 * Replaces every typed form by its value; forms of unknown type stay as they came.
 * @throws {TqError} `poison` when a form's value is not what its type says
 */
export function decodeTyped(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(decodeTyped);
  const record = value as Record<string, unknown>;
  if (typeof record[TYPE_KEY] === 'string' && Object.hasOwn(record, VALUE_KEY) && Object.keys(record).length === 2) {
    const decoder = DECODERS.get(record[TYPE_KEY]);
    if (decoder !== undefined) return decoder(record[VALUE_KEY]);
  }
  return decodeMembers(record);
}

function decodeMembers(record: Record<string, unknown>): object {
  return fromEntries(Object.entries(record).map(([key, member]) => [key, decodeTyped(member)]));
}

/** Unlike an assignment, this makes an own property even of the key `__proto__`. */
function fromEntries(entries: [string, unknown][]): object {
  return Object.fromEntries(entries);
}

const DECODERS: ReadonlyMap<string, (value: unknown) => unknown> = new Map<string, (value: unknown) => unknown>([
  ['datetime', date],
  ['date', (value) => text(value, 'date')],
  ['time', (value) => text(value, 'time')],
  ['decimal', (value) => text(value, 'decimal')],
  ['uuid', uuid],
  ['base64', (value) => new Uint8Array(Buffer.from(text(value, 'base64'), 'base64'))],
  ['bytes', (value) => new Uint8Array(Buffer.from(text(value, 'bytes'), 'utf8'))],
  ['tq.number', number],
  ['tq.bigint', bigint],
  ['tq.undefined', () => undefined],
  ['tq.map', (value) => new Map(list(value, 'tq.map').map(mapEntry))],
  ['tq.set', (value) => new Set(list(value, 'tq.set').map(decodeTyped))],
  ['tq.object', object],
]);

/** Like Celery, takes a time without a zone as UTC. */
function date(value: unknown): Date {
  const ms = parseIsoTime(text(value, 'datetime')) ?? Date.parse(extendedYear(value as string));
  if (Number.isNaN(ms)) throw malformed('an ISO 8601 time', 'datetime', value);
  return new Date(ms);
}

/** Years beyond 9999, which only JavaScript writes: `+010000-01-01T00:00:00.000+00:00`. */
function extendedYear(value: string): string {
  return /^[+-]\d{6}-/.test(value) ? value : '';
}

/** Python's `uuid.UUID`, written as its own `str` does. */
function uuid(value: unknown): string {
  const hex = typeof value === 'object' && value !== null ? (value as { hex?: unknown }).hex : undefined;
  if (typeof hex !== 'string' || !/^[\da-f]{32}$/i.test(hex)) throw malformed('32 hexadecimal digits', 'uuid', hex);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function number(value: unknown): number {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity' || value === '-0') return Number(value);
  throw malformed('NaN, Infinity, -Infinity or -0', 'tq.number', value);
}

function bigint(value: unknown): bigint {
  const digits = text(value, 'tq.bigint');
  if (!/^-?\d+$/.test(digits)) throw malformed('decimal digits', 'tq.bigint', value);
  return BigInt(digits);
}

function mapEntry(value: unknown): [unknown, unknown] {
  const pair = list(value, 'tq.map');
  if (pair.length !== 2) throw malformed('pairs of key and value', 'tq.map', value);
  return [decodeTyped(pair[0]), decodeTyped(pair[1])];
}

function object(value: unknown): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return decodeMembers(value as Record<string, unknown>);
  }
  throw malformed('an object', 'tq.object', value);
}

function text(value: unknown, type: string): string {
  if (typeof value === 'string') return value;
  throw malformed('text', type, value);
}

function list(value: unknown, type: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw malformed('a list', type, value);
}

/** Names the kind of what was found, never the value: it may be an argument. */
function malformed(expected: string, type: string, found: unknown): TqError {
  const kind = found === null ? 'null' : Array.isArray(found) ? 'a list' : `another ${typeof found}`;
  return new TqError('poison', `Expected ${expected} as the ${VALUE_KEY} of a ${type}, found ${kind}.`);
}
