/** The checks of the arguments of declarations and consumers, each of which says in RabbitMQ's words what is wrong. */
import { AmqpError } from '../errors.js';
import { type FieldTable, type FieldValue, field, integerOf, textOf } from '../field-value.js';
import { printedText, printedValue, typeName } from './printed-value.js';

/** Says what is wrong with a value, in Erlang's notation, or undefined when nothing is. */
export type ArgumentCheck = (value: FieldValue, all: FieldTable) => string | undefined;

/** Arguments and their checks, in the order in which RabbitMQ goes through them. */
export type ArgumentChecks = readonly (readonly [name: string, check: ArgumentCheck])[];

/**
 * Runs the checks of the arguments that are there.
 * @param resource as from `resourceName`
 * @throws AmqpError 406 about the first that fails
 */
export function checkArguments(resource: string, all: FieldTable, checks: ArgumentChecks): void {
  for (const [name, check] of checks) {
    const value = field(all, name);
    const reason = value === undefined ? undefined : check(value, all);
    if (reason !== undefined) throw refused(name, resource, `: ${reason}`);
  }
}

/**
 * Refuses the arguments that only queues of other types have.
 * @throws AmqpError 406 about the first, in the order of the table
 */
export function refuseArguments(
  resource: string,
  queueType: string,
  all: FieldTable,
  refusedNames: readonly string[],
): void {
  for (const [name] of all) {
    if (refusedNames.includes(name)) throw refused(name, resource, ` of queue type rabbit_${queueType}_queue`);
  }
}

/** An integer of any width. A timestamp is none. */
export const anyInteger: ArgumentCheck = (value) =>
  integerOf(value) === undefined ? printedText(`expected integer, got ${typeName(value)}`) : undefined;

/** A boolean. */
export const boolean: ArgumentCheck = (value) => (value.tag === 't' ? undefined : unacceptableType(value));

/** A long string. */
export const text: ArgumentCheck = (value) => (value.tag === 'S' ? undefined : unacceptableType(value));

/** An integer of at least 0 and at most `maximum`; beyond that the answer is named `tooLarge`. */
export function integerUpTo(maximum: number, tooLarge: string): ArgumentCheck {
  return (value, all) => {
    const number = integerOf(value);
    if (number === undefined) return anyInteger(value, all);
    if (number < 0) return `{value_negative,${printedValue(value)}}`;
    return number > maximum ? `{${tooLarge},${printedValue(value)}}` : undefined;
  };
}

/** As `check`, and not 0, which is said before anything else about the number. */
export function notZero(check: ArgumentCheck): ArgumentCheck {
  return (value, all) => (integerOf(value) === 0 ? '{value_zero,0}' : check(value, all));
}

/** One of some texts; for another, `unknown` says what is wrong. */
export function oneOf(known: readonly string[], unknown: (found: string) => string): ArgumentCheck {
  return (value) => {
    const found = textOf(value);
    if (found === undefined) return unacceptableType(value);
    return known.includes(found) ? undefined : unknown(found);
  };
}

function unacceptableType(value: FieldValue): string {
  return `{unacceptable_type,${typeName(value)}}`;
}

function refused(name: string, resource: string, reason: string): AmqpError {
  return new AmqpError('PRECONDITION_FAILED', `invalid arg '${name}' for ${resource}${reason}`);
}
