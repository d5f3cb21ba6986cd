/** The arguments that name an exchange. */
import { AmqpError } from '../errors.js';
import { type FieldTable, field, textOf } from '../field-value.js';
import { typeName } from './printed-value.js';
import { resourceName } from './resource-name.js';

/**
 * The exchange for messages that this one has no binding for (exchange.declare's alternate-exchange), or undefined.
 * Whether it exists is looked at when a message needs it.
 * @throws AmqpError 406 when the argument is no long string
 */
export function readAlternateExchange(name: string, vhost: string, exchangeArguments: FieldTable): string | undefined {
  return readExchangeName(resourceName('exchange', name, vhost), exchangeArguments, 'alternate-exchange');
}

/**
 * An argument that names an exchange, or undefined when it is absent. '' is the default exchange.
 * @param resource what is declared, as from `resourceName`
 * @throws AmqpError 406 when the argument is no long string
 */
export function readExchangeName(resource: string, all: FieldTable, name: string): string | undefined {
  const value = field(all, name);
  if (value === undefined || value.tag === 'S') return textOf(value);
  throw new AmqpError('PRECONDITION_FAILED', `invalid type '${typeName(value)}' for arg '${name}' in ${resource}`);
}
