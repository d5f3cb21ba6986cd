/** What must be the same when something is declared again, and how RabbitMQ says that it is not. */
import { AmqpError } from '../errors.js';
import { type FieldTable, type FieldValue, field, textOf } from '../field-value.js';
import { plainValue, typeName } from './printed-value.js';
import { type ResourceKind, resourceName } from './resource-name.js';
import { comparisonKey } from './table-equality.js';

/** The arguments of an exchange that are compared; queue types name theirs (`comparedQueueArguments`). */
export const COMPARED_EXCHANGE_ARGUMENTS: readonly string[] = ['alternate-exchange'];

/** The properties of a declaration that are compared. That a queue is exclusive is not: such a difference is a 405. */
export type DeclaredFlag = 'durable' | 'auto_delete' | 'internal' | 'type';

/** @throws AmqpError 406 when the values differ */
export function assertSameFlag<T extends boolean | string>(
  kind: ResourceKind,
  name: string,
  vhost: string,
  flag: DeclaredFlag,
  existing: T,
  received: T,
): void {
  if (existing === received) return;
  throw inequivalent(flag, resourceName(kind, name, vhost), `'${received}'`, `'${existing}'`);
}

/**
 * Compares the named arguments, in their order: both absent, or equal in value, where a type matters only so far as
 * that floats are no integers. A queue without a type is a classic one.
 * @throws AmqpError 406 about the first that differs
 */
export function assertSameArguments(
  kind: ResourceKind,
  name: string,
  vhost: string,
  existing: FieldTable,
  received: FieldTable,
  keys: readonly string[],
): void {
  for (const key of keys) {
    const before = field(existing, key);
    const now = field(received, key);
    if (isSame(key, before, now)) continue;
    const print = before === undefined || now === undefined ? typedValue : quotedValue;
    throw inequivalent(key, resourceName(kind, name, vhost), print(now), print(before));
  }
}

function isSame(key: string, before: FieldValue | undefined, now: FieldValue | undefined): boolean {
  if (before === undefined && now === undefined) return true;
  if (before === undefined || now === undefined) {
    return key === 'x-queue-type' && textOf(before ?? now) === 'classic';
  }
  return isFloat(before) === isFloat(now) && comparisonKey(before) === comparisonKey(now);
}

function isFloat(value: FieldValue): boolean {
  return value.tag === 'f' || value.tag === 'd';
}

function typedValue(value: FieldValue | undefined): string {
  return value === undefined ? 'none' : `the value '${plainValue(value)}' of type '${typeName(value)}'`;
}

/** Where both sides have the argument their types go unsaid, and a void looks like nothing at all. */
function quotedValue(value: FieldValue | undefined): string {
  return value === undefined || value.tag === 'V' ? 'none' : `'${plainValue(value)}'`;
}

function inequivalent(key: string, resource: string, received: string, existing: string): AmqpError {
  const text = `inequivalent arg '${key}' for ${resource}: received ${received} but current is ${existing}`;
  return new AmqpError('PRECONDITION_FAILED', text);
}
