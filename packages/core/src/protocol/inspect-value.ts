import { TqError } from '../errors.js';
import { TYPE_KEY } from './typed-values.js';

/** What may be sent. */
export interface SerializeOptions {
  /** False refuses what only tq can read back (Map, Set, BigInt, NaN, …), for queues that Python workers consume. */
  readonly tqTypes: boolean;
  /** True for programs that know no typed form either: what `JSON.stringify` writes, unless it would lose something. */
  readonly plain?: boolean | undefined;
}

/** `plain`: `JSON.stringify` alone keeps the value. `typed`: something in it needs a typed form. */
export type ValueKind = 'plain' | 'typed';

/** Levels of nesting that are sent: half of what Python's own limit lets it read. */
export const MAX_DEPTH = 500;

/** Where a walk is: the containers that lead to the value, and the key taken in each. The path is only made for errors. */
interface Walk {
  readonly where: string;
  readonly tqTypes: boolean;
  readonly plain: boolean;
  readonly ancestors: object[];
  readonly keys: (string | number)[];
}

/**
 * Walks a value once and tells whether `JSON.stringify` alone keeps it.
 * @param where what the value is, the start of the path in an error's text
 * @throws {TqError} `unserialisable` for what can be neither kept nor carried: functions, symbols, errors, instances
 *   of classes without `toJSON()`, invalid dates, cycles, more than `MAX_DEPTH` levels
 */
export function inspectValue(value: unknown, where: string, options: SerializeOptions): ValueKind {
  return inspect(value, { where, tqTypes: options.tqTypes, plain: options.plain === true, ancestors: [], keys: [] });
}

function inspect(value: unknown, walk: Walk): ValueKind {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return 'plain';
    case 'number':
      return Number.isFinite(value) && (walk.plain || !Object.is(value, -0))
        ? 'plain'
        : onlyTq(Object.is(value, -0) ? '-0' : String(value), walk);
    case 'bigint':
      return onlyTq('a BigInt', walk);
    case 'undefined':
      return walk.plain ? 'plain' : onlyTq('undefined', walk);
    case 'object':
      return value === null ? 'plain' : inspectObject(value, walk);
    default:
      throw refuse(walk, `a ${typeof value}`, 'pass data only');
  }
}

function inspectObject(value: object, walk: Walk): ValueKind {
  if (value instanceof Date) return inspectDate(value, walk);
  if (ArrayBuffer.isView(value)) {
    if (value instanceof Uint8Array && !walk.plain) return 'typed';
    throw refuse(walk, `a ${value.constructor.name}`, 'pass a Uint8Array or a plain array');
  }
  const { ancestors } = walk;
  if (ancestors.includes(value)) throw refuse(walk, 'a value that contains itself', 'pass data without cycles');
  if (ancestors.length === MAX_DEPTH) throw refuse(walk, `more than ${MAX_DEPTH} levels`, 'pass flatter data');
  ancestors.push(value);
  const kind = inspectContainer(value, walk);
  ancestors.pop();
  return kind;
}

function inspectDate(value: Date, walk: Walk): ValueKind {
  if (Number.isNaN(value.getTime())) throw refuse(walk, 'an invalid Date', 'pass a valid one or null');
  if (walk.plain) return 'plain';
  const year = value.getUTCFullYear();
  return year >= 1 && year <= 9999 ? 'typed' : onlyTq('a Date outside the years 1 to 9999', walk);
}

/** The container is the last of the ancestors here; its slot in `keys` says which member is looked at. */
function inspectContainer(value: object, walk: Walk): ValueKind {
  if (Array.isArray(value)) return inspectItems(value, walk);
  if (value instanceof Map || value instanceof Set) {
    requireTqTypes(value instanceof Map ? 'a Map' : 'a Set', walk);
    inspectItems([...value], walk);
    return 'typed';
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    return inspectMember((value as { toJSON(): unknown }).toJSON(), 'toJSON()', walk);
  }
  if (!isPlain(value)) {
    const name = value.constructor?.name ?? 'an unknown class';
    throw refuse(outside(walk), `an instance of ${name}`, 'pass a plain object, or give the class a toJSON()');
  }
  let kind: ValueKind = 'plain';
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    // A property that is undefined reads the same as one that is absent, which is what JSON makes of it.
    if (member !== undefined && inspectMember(member, key, walk) === 'typed') kind = 'typed';
  }
  if (walk.plain || !Object.hasOwn(value, TYPE_KEY)) return kind;
  requireTqTypes(`an object with the key ${TYPE_KEY}`, walk);
  return 'typed';
}

function inspectItems(items: readonly unknown[], walk: Walk): ValueKind {
  let kind: ValueKind = 'plain';
  for (let index = 0; index < items.length; index++) {
    if (inspectMember(items[index], index, walk) === 'typed') kind = 'typed';
  }
  return kind;
}

function inspectMember(member: unknown, key: string | number, walk: Walk): ValueKind {
  walk.keys[walk.ancestors.length - 1] = key;
  return inspect(member, walk);
}

/** Objects of another realm (a vm context) are plain too: their prototype is the end of a chain, whatever its identity. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function onlyTq(found: string, walk: Walk): ValueKind {
  if (walk.tqTypes) return 'typed';
  const lost = walk.plain ? 'which plain JSON does not have' : 'which Python cannot read (preset celery)';
  throw refuse(walk, `${found}, ${lost}`, 'pass plain JSON');
}

function requireTqTypes(found: string, walk: Walk): void {
  if (!walk.tqTypes) onlyTq(found, outside(walk));
}

/** The walk as it was before its last container was entered, to name that container itself. */
function outside(walk: Walk): Walk {
  return { ...walk, ancestors: walk.ancestors.slice(0, -1) };
}

function refuse(walk: Walk, found: string, advice: string): TqError {
  const path = pathOf(walk);
  return new TqError('unserialisable', `${path}: expected a value that JSON can carry, found ${found}; ${advice}.`, {
    fields: { path },
  });
}

const MAX_PATH = 200;

/** `args[0].name`, as it is written in JavaScript; a long one keeps its two ends. */
function pathOf({ where, ancestors, keys }: Walk): string {
  const path = where + keys.slice(0, ancestors.length).map(segment).join('');
  return path.length <= MAX_PATH ? path : `${path.slice(0, MAX_PATH / 2)} … ${path.slice(-MAX_PATH / 2)}`;
}

function segment(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  return /^[\p{L}_$][\p{L}\p{N}_$]*(\(\))?$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
