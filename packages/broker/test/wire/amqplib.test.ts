/** The codec against another implementation of the same specification. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../src/wire/byte-writer.js';
import { decodeTable, encodeTable } from '../../src/wire/field-table.js';
import { METHODS, type MethodArguments, type MethodName, methodIds, writeMethod } from '../../src/wire/methods.js';
import { argumentsOf, METHOD_NAMES } from './arbitraries.js';

// Their codecs are no part of their interface, so that they are found by their files.
const require = createRequire(import.meta.url);
const folder = join(dirname(require.resolve('amqplib')), 'lib');
const defs = require(join(folder, 'defs.js'));
const tables = require(join(folder, 'codec.js'));

const CHANNEL = 1;

function key(name: MethodName): number {
  const { classId, methodId } = methodIds(name);
  return classId * 0x10000 + methodId;
}

/** The same arguments under amqplib's names. Empty tables are objects there. */
function renamed(name: MethodName, args: object): Record<string, unknown> {
  const names: readonly { readonly name: string }[] = defs.info(key(name)).args;
  return Object.fromEntries(
    Object.values(args).map((value, index) => [names[index]!.name, Array.isArray(value) ? {} : value]),
  );
}

/** Arguments with empty tables: tables are compared apart, as amqplib does not keep the types of numbers. */
function plainArguments(name: MethodName): fc.Arbitrary<MethodArguments<MethodName>> {
  return argumentsOf(name).map((args) => {
    const entries = Object.entries(args).map(([field, value]) => [field, Array.isArray(value) ? [] : value]);
    return Object.fromEntries(entries) as MethodArguments<MethodName>;
  });
}

describe('methods as amqplib knows them', () => {
  it('are the same ones', () => {
    const theirs = Object.values<unknown>(defs).filter((value) => typeof value === 'number' && value > 0xffff);
    expect(METHOD_NAMES.map(key).toSorted()).toEqual(theirs.toSorted());
  });

  it.each(METHOD_NAMES)('have the same arguments, in the same order: %s', (name) => {
    const theirs: readonly { readonly type: string }[] = defs.info(key(name)).args;
    expect(Object.values(METHODS[name].fields)).toEqual(theirs.map(({ type }) => type));
  });

  it.each(METHOD_NAMES)('have the same bytes in both directions: %s', (name) => {
    fc.assert(
      fc.property(plainArguments(name), (args) => {
        const writer = new ByteWriter();
        writeMethod(writer, name, args);
        const payload = Buffer.concat(writer.take());
        expect(defs.decode(key(name), payload.subarray(4))).toEqual(renamed(name, args));
        expect(defs.encodeMethod(key(name), CHANNEL, renamed(name, args)).subarray(7, -1)).toEqual(payload);
      }),
    );
  });
});

describe('tables as amqplib writes them', () => {
  const values = {
    text: 'tëxt',
    yes: true,
    no: false,
    nothing: undefined,
    void: null,
    octet: -5,
    short: -3000,
    long: 100_000,
    longLong: 5_000_000_000,
    double: 0.5,
    bytes: Buffer.from([0, 255]),
    array: ['a', 1, [null], { deep: 'b' }],
    table: { a: { b: { c: 1 } } },
    stamp: { '!': 'timestamp', value: 1_700_000_000 },
    float: { '!': 'float', value: 1.5 },
    decimal: { '!': 'decimal', value: { digits: 123, places: 2 } },
    unsignedOctet: { '!': 'unsignedbyte', value: 200 },
    unsignedShort: { '!': 'unsignedshort', value: 60_000 },
    unsignedLong: { '!': 'unsignedint', value: 4_000_000_000 },
  };

  it('are read, and written again byte for byte', () => {
    const buffer = Buffer.alloc(1000);
    const bytes = buffer.subarray(0, tables.encodeTable(buffer, values, 0));
    const table = decodeTable(bytes);
    expect(encodeTable(table)).toEqual(bytes);
    expect(table.map(([name, { tag }]) => `${name}:${tag}`)).toMatchInlineSnapshot(`
      [
        "text:S",
        "yes:t",
        "no:t",
        "void:V",
        "octet:b",
        "short:s",
        "long:I",
        "longLong:l",
        "double:d",
        "bytes:x",
        "array:A",
        "table:F",
        "stamp:T",
        "float:f",
        "decimal:D",
        "unsignedOctet:B",
        "unsignedShort:u",
        "unsignedLong:i",
      ]
    `);
  });
});
