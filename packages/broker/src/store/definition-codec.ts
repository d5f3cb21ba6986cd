/**
 * Declared things as bytes: JSON, since they are few and a person may want to read them. Arguments are in it as they came
 * on the wire, in base64: they may be of types that JSON has no form for, and nested deeper than it can go.
 */
import type { BindingDefinition, ExchangeDefinition, QueueDefinition } from '../model/definitions.js';
import { decodeTable, encodeTable } from '../wire/field-table.js';

/** A thing and the virtual host that it lives in. */
export interface Located<D> {
  readonly vhost: string;
  readonly definition: D;
}

type Definition = ExchangeDefinition | QueueDefinition | BindingDefinition;

/** Writes a definition. Equal definitions give equal bytes, whatever the order of their properties. */
export function encodeDefinition({ vhost, definition }: Located<Definition>): Buffer {
  const fields = Object.entries(definition)
    .map(([name, value]) => [name, name === 'arguments' ? encodeTable(value).toString('base64') : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(JSON.stringify({ vhost, definition: Object.fromEntries(fields) }));
}

/** Reads an exchange. @throws when the bytes are not one */
export function decodeExchange(bytes: Uint8Array): Located<ExchangeDefinition> {
  return decode(bytes, { text: ['name', 'type'], flags: ['durable', 'autoDelete', 'internal'] });
}

/** Reads a queue. @throws when the bytes are not one */
export function decodeQueue(bytes: Uint8Array): Located<QueueDefinition> {
  return decode(bytes, { text: ['name'], flags: ['durable', 'exclusive', 'autoDelete'] });
}

/** Reads a binding. @throws when the bytes are not one */
export function decodeBinding(bytes: Uint8Array): Located<BindingDefinition> {
  return decode(bytes, { text: ['source', 'destination', 'destinationType', 'routingKey'], flags: [] });
}

function decode<D extends Definition>(
  bytes: Uint8Array,
  expected: { readonly text: readonly (keyof D & string)[]; readonly flags: readonly (keyof D & string)[] },
): Located<D> {
  const { vhost, definition } = JSON.parse(Buffer.from(bytes).toString());
  requireType(vhost, 'string', 'vhost');
  for (const name of ['arguments', ...expected.text]) requireType(definition?.[name], 'string', name);
  for (const name of expected.flags) requireType(definition?.[name], 'boolean', name);
  return { vhost, definition: { ...definition, arguments: decodeTable(Buffer.from(definition.arguments, 'base64')) } };
}

function requireType(value: unknown, type: 'string' | 'boolean', name: string): void {
  if (typeof value !== type) throw new TypeError(`expected ${name} to be a ${type}, found ${typeof value}`);
}
