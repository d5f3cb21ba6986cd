/** Values of field tables for tests, and arbitraries of them. */
import fc from 'fast-check';
import { type FieldTable, type FieldValue, longString } from '../../src/field-value.js';

export function int(value: number): FieldValue {
  return { tag: 'I', value };
}

export function float(value: number): FieldValue {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return { tag: 'f', value: bytes };
}

export function double(value: number): FieldValue {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return { tag: 'd', value: bytes };
}

export function decimal(places: number, digits: number): FieldValue {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt8(places);
  bytes.writeUInt32BE(digits, 1);
  return { tag: 'D', value: bytes };
}

export function bytes(text: string): FieldValue {
  return { tag: 'x', value: Buffer.from(text) };
}

export function array(...value: FieldValue[]): FieldValue {
  return { tag: 'A', value };
}

export function table(value: FieldTable): FieldValue {
  return { tag: 'F', value };
}

export const yes: FieldValue = { tag: 't', value: true };
export const nothing: FieldValue = { tag: 'V', value: undefined };

/** A value in as many tables and arrays in turn: more than calls can lie in each other. */
export function deep(value: FieldValue, levels = 18_000): FieldValue {
  let outermost = value;
  for (let level = 0; level < levels; level += 2) outermost = table([['', array(outermost)]]);
  return outermost;
}

const SCALARS: readonly FieldValue[] = [
  longString(''),
  longString('a'),
  longString('b'),
  bytes('a'),
  int(1),
  { tag: 'b', value: 1 },
  { tag: 'l', value: 1n },
  { tag: 'T', value: 1n },
  float(1),
  double(1.5),
  decimal(0, 1),
  yes,
  nothing,
];

const { value } = fc.letrec<{ value: FieldValue; table: FieldTable }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    { arbitrary: fc.constantFrom(...SCALARS), weight: 6 },
    { arbitrary: fc.array(tie('value'), { maxLength: 2 }).map((items) => array(...items)), weight: 1 },
    { arbitrary: tie('table').map(table), weight: 1 },
  ),
  table: fc.array(fc.tuple(fc.constantFrom('a', 'b', 'x-c'), tie('value')), { maxLength: 3 }),
}));

/** Any value, of few different ones, so that equal ones come up. */
export const anyValue = value;

/** Any table with these names, each any number of times. */
export function anyTable(...names: string[]): fc.Arbitrary<FieldTable> {
  return fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 4 });
}
