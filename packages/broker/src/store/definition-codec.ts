/**
 * Declared things as bytes: JSON, since they are few and a person may want to read them. A field value is a pair of its
 * type's letter and its value; what JSON has no form for is written as text (64-bit numbers in decimal, bytes in base64).
 */
import { assertNever } from '../errors.js';
import type { FieldEntry, FieldTable, FieldValue } from '../field-value.js';
import type { BindingDefinition, ExchangeDefinition, QueueDefinition } from '../model/definitions.js';

/** A thing and the virtual host that it lives in. */
export interface Located<D> {
  readonly vhost: string;
  readonly definition: D;
}

type Definition = ExchangeDefinition | QueueDefinition | BindingDefinition;

/** Writes a definition. Equal definitions give equal bytes, whatever the order of their properties. */
export function encodeDefinition({ vhost, definition }: Located<Definition>): Buffer {
  const fields = Object.entries(definition)
    .map(([name, value]) => [name, name === 'arguments' ? encodeTable(value) : value] as const)
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
  for (const name of expected.text) requireType(definition?.[name], 'string', name);
  for (const name of expected.flags) requireType(definition?.[name], 'boolean', name);
  return { vhost, definition: { ...definition, arguments: decodeTable(definition.arguments) } };
}

function requireType(value: unknown, type: 'string' | 'boolean', name: string): void {
  if (typeof value !== type) throw new TypeError(`expected ${name} to be a ${type}, found ${typeof value}`);
}

type EncodedValue = readonly [tag: FieldValue['tag'], value?: unknown];

function encodeTable(table: FieldTable): readonly (readonly [string, EncodedValue])[] {
  return table.map(([name, value]) => [name, encodeValue(value)] as const);
}

function encodeValue(field: FieldValue): EncodedValue {
  switch (field.tag) {
    case 't':
    case 'b':
    case 'B':
    case 's':
    case 'u':
    case 'I':
    case 'i':
      return [field.tag, field.value];
    case 'l':
    case 'T':
      return [field.tag, field.value.toString()];
    case 'f':
    case 'd':
    case 'D':
    case 'S':
    case 'x':
      return [field.tag, field.value.toString('base64')];
    case 'A':
      return [field.tag, field.value.map(encodeValue)];
    case 'F':
      return [field.tag, encodeTable(field.value)];
    case 'V':
      return [field.tag];
    default:
      return assertNever(field);
  }
}

function decodeTable(encoded: readonly (readonly [string, EncodedValue])[]): FieldTable {
  return encoded.map(([name, value]): FieldEntry => [name, decodeValue(value)]);
}

function decodeValue([tag, value]: EncodedValue): FieldValue {
  switch (tag) {
    case 't':
      return { tag, value: value as boolean };
    case 'b':
    case 'B':
    case 's':
    case 'u':
    case 'I':
    case 'i':
      return { tag, value: value as number };
    case 'l':
    case 'T':
      return { tag, value: BigInt(value as string) };
    case 'f':
    case 'd':
    case 'D':
    case 'S':
    case 'x':
      return { tag, value: Buffer.from(value as string, 'base64') };
    case 'A':
      return { tag, value: (value as readonly EncodedValue[]).map(decodeValue) };
    case 'F':
      return { tag, value: decodeTable(value as readonly (readonly [string, EncodedValue])[]) };
    case 'V':
      return { tag, value: undefined };
    default:
      return assertNever(tag);
  }
}
