import { AmqpError } from '../errors.js';
import { type FieldTable, type FieldValue, field } from '../field-value.js';
import { typeName } from './printed-value.js';

/**
 * The routing keys of the headers CC and BCC, by which a message goes to more queues (RabbitMQ's sender-selected
 * distribution).
 * @throws {AmqpError} PRECONDITION_FAILED when one of them is no array
 */
export function copyKeys(headers: FieldTable): readonly string[] {
  return [...keysOf(headers, 'CC'), ...keysOf(headers, 'BCC')];
}

/** Headers without BCC, which no receiver is to see. */
export function withoutBlindCopies(headers: FieldTable): FieldTable {
  return headers.filter(([name]) => name !== 'BCC');
}

function keysOf(headers: FieldTable, name: string): string[] {
  const value = field(headers, name);
  if (value === undefined) return [];
  if (value.tag !== 'A') {
    const reason = `{unacceptable_type_in_header,"${name}",${typeName(value)}}`;
    throw new AmqpError('PRECONDITION_FAILED', `invalid message: ${reason}`);
  }
  return value.value.flatMap((key: FieldValue) => (key.tag === 'S' ? [key.value.toString()] : []));
}
