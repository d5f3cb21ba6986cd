import { TqError } from '../errors.js';
import type { SerializeOptions } from './serializer.js';

/**
 * The typed form of values that JSON has no word for. `datetime`, `base64` and `bytes` are kombu's (5.3 and later),
 * so that Python reads them; the names with `tq.` are read by tq alone.
 */
export const TYPE_KEY = '__type__';
const VALUE_KEY = '__value__';

type Kind = 'plain' | 'typed';

/**
 * Walks a value once and tells whether `JSON.stringify` alone keeps it.
 * @throws {TqError} `unserialisable` for what can be neither kept nor carried: functions, symbols, errors, instances
 *   of classes without `toJSON()`, invalid dates, cycles
 */
export function inspectValue(value: unknown, path: string, options: SerializeOptions): Kind {
  return inspect(value, path, options, []);
}

function inspect(value: unknown, path: string, options: SerializeOptions, ancestors: object[]): Kind {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return 'plain';
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? 'plain' : onlyTq(String(value), path, options);
    case 'bigint':
      return onlyTq('a BigInt', path, options);
    case 'undefined':
      return onlyTq('undefined', path, options);
    case 'object':
      return value === null ? 'plain' : inspectObject(value, path, options, ancestors);
    default:
      throw refuse(path, `a ${typeof value}`, 'pass data only');
  }
}

function inspectObject(value: object, path: string, options: SerializeOptions, ancestors: object[]): Kind {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refuse(path, 'an invalid Date', 'pass a valid one or null');
    return 'typed';
  }
  if (ArrayBuffer.isView(value)) {
    if (value instanceof Uint8Array) return 'typed';
    throw refuse(path, `a ${value.constructor.name}`, 'pass a Uint8Array or a plain array');
  }
  if (ancestors.includes(value)) throw refuse(path, 'a value that contains itself', 'pass data without cycles');
  ancestors.push(value);
  const kind = inspectContainer(value, path, options, ancestors);
  ancestors.pop();
  return kind;
}

function inspectContainer(value: object, path: string, options: SerializeOptions, ancestors: object[]): Kind {
  let kind: Kind = 'plain';
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      if (inspect(value[index], `${path}[${index}]`, options, ancestors) === 'typed') kind = 'typed';
    }
    return kind;
  }
  if (value instanceof Map || value instanceof Set) {
    onlyTq(value instanceof Map ? 'a Map' : 'a Set', path, options);
    inspect([...value], path, options, ancestors);
    return 'typed';
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    return inspect((value as { toJSON(): unknown }).toJSON(), `${path}.toJSON()`, options, ancestors);
  }
  if (!isPlain(value)) {
    const name = value.constructor?.name ?? 'an unknown class';
    throw refuse(path, `an instance of ${name}`, 'pass a plain object, or give the class a toJSON()');
  }
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    // A property that is undefined reads the same as one that is absent, which is what JSON makes of it.
    if (member === undefined) continue;
    if (inspect(member, `${path}.${key}`, options, ancestors) === 'typed') kind = 'typed';
  }
  return Object.hasOwn(value, TYPE_KEY) ? onlyTq(`an object with the key ${TYPE_KEY}`, path, options) : kind;
}

/** Objects of another realm (a vm context) are plain too: their prototype is the end of a chain, whatever its identity. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function onlyTq(found: string, path: string, options: SerializeOptions): 'typed' {
  if (!options.tqTypes) throw refuse(path, found, 'which Python cannot read (preset celery); pass plain JSON');
  return 'typed';
}

function refuse(path: string, found: string, advice: string): TqError {
  return new TqError('unserialisable', `${path}: expected a value that JSON can carry, found ${found}; ${advice}.`, {
    fields: { path },
  });
}

/** Copies a value that was inspected, with every loss replaced by its typed form. */
export function encodeTyped(value: unknown): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : tag('tq.number', Object.is(value, -0) ? '-0' : String(value));
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
  if (value instanceof Date) return tag('datetime', value.toISOString());
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

/** Replaces every typed form by its value; forms of unknown type stay as they came. */
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
  ['datetime', (value) => date(text(value, 'datetime'))],
  ['date', (value) => value],
  ['time', (value) => value],
  ['decimal', (value) => value],
  ['uuid', (value) => (value as { hex?: unknown } | null)?.hex ?? value],
  ['base64', (value) => new Uint8Array(Buffer.from(text(value, 'base64'), 'base64'))],
  ['bytes', (value) => new Uint8Array(Buffer.from(text(value, 'bytes'), 'utf8'))],
  ['tq.number', (value) => Number(text(value, 'tq.number'))],
  ['tq.bigint', (value) => BigInt(text(value, 'tq.bigint'))],
  ['tq.undefined', () => undefined],
  ['tq.map', (value) => new Map(list(value, 'tq.map').map((pair) => list(decodeTyped(pair), 'tq.map') as [unknown, unknown]))],
  ['tq.set', (value) => new Set(list(value, 'tq.set').map(decodeTyped))],
  ['tq.object', (value) => decodeMembers(typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {})],
]);

function date(value: string): Date {
  const parsed = new Date(value);
  if (!Number.isNaN(parsed.getTime())) return parsed;
  throw new TqError('poison', `Expected an ISO 8601 time as the ${VALUE_KEY} of a datetime, found '${value.slice(0, 64)}'.`);
}

function text(value: unknown, type: string): string {
  if (typeof value === 'string') return value;
  throw new TqError('poison', `Expected text as the ${VALUE_KEY} of a ${type}, found ${typeof value}.`);
}

function list(value: unknown, type: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new TqError('poison', `Expected a list as the ${VALUE_KEY} of a ${type}, found ${typeof value}.`);
}
