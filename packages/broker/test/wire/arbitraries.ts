import fc from 'fast-check';
import type { FieldTable, FieldValue } from '../../src/field-value.js';
import { METHODS, type MethodArguments, type MethodName } from '../../src/wire/methods.js';

/** Some bytes. */
export function bytes(maxLength: number, minLength = 0): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
}

/** Text of at most 255 bytes. */
export const shortText: fc.Arbitrary<string> = fc.string({ unit: 'binary', maxLength: 63 });

/** Values of every type that RabbitMQ knows, some of them nested. */
const { table: nestedTable } = fc.letrec<{ value: FieldValue; table: FieldTable }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.boolean().map((value) => ({ tag: 't', value }) as const),
    fc.integer({ min: -128, max: 127 }).map((value) => ({ tag: 'b', value }) as const),
    fc.nat(0xff).map((value) => ({ tag: 'B', value }) as const),
    fc.integer({ min: -32768, max: 32767 }).map((value) => ({ tag: 's', value }) as const),
    fc.nat(0xffff).map((value) => ({ tag: 'u', value }) as const),
    fc.integer().map((value) => ({ tag: 'I', value }) as const),
    fc.nat(0xffffffff).map((value) => ({ tag: 'i', value }) as const),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ tag: 'l', value }) as const),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => ({ tag: 'T', value }) as const),
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ tag: 'f', value: float(value) }) as const),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ tag: 'd', value: double(value) }) as const),
    bytes(5, 5).map((value) => ({ tag: 'D', value }) as const),
    bytes(80).map((value) => ({ tag: 'S', value }) as const),
    bytes(80).map((value) => ({ tag: 'x', value }) as const),
    fc.constant({ tag: 'V', value: undefined } as const),
    fc.array(tie('value'), { maxLength: 4 }).map((value) => ({ tag: 'A', value }) as const),
    tie('table').map((value) => ({ tag: 'F', value }) as const),
  ),
  table: fc.array(fc.tuple(shortText, tie('value')), { maxLength: 5 }),
}));

/** Tables with values of every type. */
export const fieldTable: fc.Arbitrary<FieldTable> = nestedTable;

/** A method with arguments. */
export type AnyMethod = {
  readonly name: MethodName;
  readonly args: MethodArguments<MethodName>;
};

const VALUES = {
  octet: fc.nat(0xff),
  short: fc.nat(0xffff),
  long: fc.nat(0xffffffff),
  longlong: fc.maxSafeNat(),
  bit: fc.boolean(),
  shortstr: shortText,
  longstr: bytes(300),
  table: fieldTable,
};

/** Arguments of a method. */
export function argumentsOf(name: MethodName): fc.Arbitrary<MethodArguments<MethodName>> {
  const fields = Object.entries(METHODS[name].fields).map(([field, type]) => [field, VALUES[type]]);
  return fc.record(Object.fromEntries(fields)) as fc.Arbitrary<MethodArguments<MethodName>>;
}

/** The names of all methods. */
export const METHOD_NAMES = Object.keys(METHODS) as readonly MethodName[];

/** Any method. */
export const anyMethod: fc.Arbitrary<AnyMethod> = fc
  .constantFrom(...METHOD_NAMES)
  .chain((name) => argumentsOf(name).map((args) => ({ name, args })));

function float(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatBE(value);
  return buffer;
}

function double(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE(value);
  return buffer;
}
