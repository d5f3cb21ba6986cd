import { AmqpError } from '../errors.js';
import { type FieldTable, type FieldValue, field } from '../field-value.js';
import { typeName } from './printed-value.js';

/** The keys of a message without BCC. */
export const NO_KEYS: readonly string[] = [];

/**
 * The routing keys of the header CC, by which a message goes to more queues (RabbitMQ's sender-selected distribution).
 * @throws {AmqpError} PRECONDITION_FAILED when it is no array
 */
export function copyKeys(headers: FieldTable): readonly string[] {
  return keysOf(headers, 'CC');
}

/** The keys of the header CC of a message that was published: one that is no array counts for nothing. */
export function keptCopyKeys(headers: FieldTable): readonly string[] {
  const value = field(headers, 'CC');
  return value?.tag === 'A' ? textsIn(value.value) : NO_KEYS;
}

/**
 * The same of the header BCC.
 * @throws {AmqpError} PRECONDITION_FAILED when it is no array
 */
export function blindKeys(headers: FieldTable): readonly string[] {
  return keysOf(headers, 'BCC');
}

/** Headers without BCC, which no receiver is to see. */
export function withoutBlindCopies(headers: FieldTable): FieldTable {
  return headers.filter(([name]) => name !== 'BCC');
}

function keysOf(headers: FieldTable, name: string): readonly string[] {
  const value = field(headers, name);
  if (value === undefined) return NO_KEYS;
  if (value.tag !== 'A') {
    const reason = `{unacceptable_type_in_header,"${name}",${typeName(value)}}`;
    throw new AmqpError('PRECONDITION_FAILED', `invalid message: ${reason}`);
  }
  return textsIn(value.value);
}

function textsIn(values: readonly FieldValue[]): readonly string[] {
  return values.flatMap((value) => (value.tag === 'S' ? [value.value.toString()] : []));
}
