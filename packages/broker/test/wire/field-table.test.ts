import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AmqpError } from '../../src/errors.js';
import type { FieldTable, FieldValue } from '../../src/field-value.js';
import { ByteReader } from '../../src/wire/byte-reader.js';
import { ByteWriter } from '../../src/wire/byte-writer.js';
import { checkTable, decodeTable, encodeTable, readTable, writeTable } from '../../src/wire/field-table.js';
import { fieldTable } from './arbitraries.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A table with one entry `a`, from the hex of its value with the type's letter. */
function tableOf(value: string): Buffer {
  const entries = hex(`0161${value}`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(entries.length);
  return Buffer.concat([length, entries]);
}

/** How deep: more than calls can lie in each other, and nearly what a frame of the usual size has room for. */
const LEVELS = 15_000;

/** Void in a table in an array in a table, and so on: half of the levels are arrays. */
function deepTable(): FieldTable {
  let table: FieldTable = [['', { tag: 'V', value: undefined }]];
  for (let level = 0; level < LEVELS; level += 2) table = [['', { tag: 'A', value: [{ tag: 'F', value: table }] }]];
  return table;
}

/** The bytes of `deepTable`, built from the outside. */
function deepBytes(): Buffer {
  const level = hex('00 41 00000000 46 00000000');
  const bytes = Buffer.alloc(4 + (LEVELS / 2) * level.length + 2);
  bytes.writeUInt32BE(bytes.length - 4);
  for (let at = 4; at < bytes.length - 2; at += level.length) {
    const length = bytes.length - at - level.length;
    level.writeUInt32BE(length + 5, 2);
    level.writeUInt32BE(length, 7);
    level.copy(bytes, at);
  }
  bytes.write('V', bytes.length - 1);
  return bytes;
}

const GOLDEN: ReadonlyArray<readonly [name: string, bytes: string, value: FieldValue]> = [
  ['a boolean', '74 01', { tag: 't', value: true }],
  ['a signed octet', '62 ff', { tag: 'b', value: -1 }],
  ['an unsigned octet', '42 ff', { tag: 'B', value: 255 }],
  ['a signed short', '73 8000', { tag: 's', value: -32768 }],
  ['an unsigned short', '75 8000', { tag: 'u', value: 32768 }],
  ['a signed long', '49 fffffffe', { tag: 'I', value: -2 }],
  ['an unsigned long', '69 fffffffe', { tag: 'i', value: 4294967294 }],
  ['a signed long-long', '6c ffffffffffffffff', { tag: 'l', value: -1n }],
  ['a timestamp', '54 ffffffffffffffff', { tag: 'T', value: 2n ** 64n - 1n }],
  ['a float', '66 3fc00000', { tag: 'f', value: hex('3fc00000') }],
  ['a double', '64 3ff8000000000000', { tag: 'd', value: hex('3ff8000000000000') }],
  ['a decimal', '44 02 0000007b', { tag: 'D', value: hex('020000007b') }],
  ['a long string', '53 00000002 6869', { tag: 'S', value: Buffer.from('hi') }],
  ['a byte array', '78 00000002 00ff', { tag: 'x', value: hex('00ff') }],
  [
    'an array',
    '41 00000003 56 7400',
    {
      tag: 'A',
      value: [
        { tag: 'V', value: undefined },
        { tag: 't', value: false },
      ],
    },
  ],
  ['a table', '46 00000004 0162 4207', { tag: 'F', value: [['b', { tag: 'B', value: 7 }]] }],
  ['void', '56', { tag: 'V', value: undefined }],
];

describe('field tables', () => {
  it.each(GOLDEN)('reads and writes %s in the bytes of RabbitMQ', (_name, bytes, value) => {
    expect(decodeTable(tableOf(bytes))).toEqual([['a', value]]);
    expect(encodeTable([['a', value]])).toEqual(tableOf(bytes));
  });

  it('come back from bytes as they were', () => {
    fc.assert(
      fc.property(fieldTable, (table) => {
        expect(decodeTable(encodeTable(table))).toEqual(table);
      }),
    );
  });

  it('keep two entries of one name, in order', () => {
    const bytes = hex('00000008 0161 4201 0161 4202');
    expect(encodeTable(decodeTable(bytes))).toEqual(bytes);
  });

  it('keep names that are no UTF-8', () => {
    const bytes = hex('00000005 03 ff61c3 56');
    expect(encodeTable(decodeTable(bytes))).toEqual(bytes);
  });

  it('turn L into l, and a boolean of 2 into true, as RabbitMQ does', () => {
    expect(encodeTable(decodeTable(tableOf('4c 0000000000000005')))).toEqual(tableOf('6c 0000000000000005'));
    expect(encodeTable(decodeTable(tableOf('74 02')))).toEqual(tableOf('74 01'));
  });

  it('keep nothing alive of what they were read from', () => {
    const bytes = tableOf('53 00000002 6869');
    const table = readTable(new ByteReader(bytes));
    bytes.fill(0);
    expect(table).toEqual([['a', { tag: 'S', value: Buffer.from('hi') }]]);
  });
});

describe('field tables 15,000 levels deep', () => {
  it('are read as they are', () => {
    let levels = 0;
    for (let table = decodeTable(deepBytes()); table[0]?.[1].tag === 'A'; levels += 2) {
      const [inner] = table[0][1].value;
      table = inner?.tag === 'F' ? inner.value : [];
    }
    expect(levels).toBe(LEVELS);
  });

  it('are written as they are, behind others in one output', () => {
    const writer = new ByteWriter();
    writer.long(7);
    writeTable(writer, deepTable());
    expect(Buffer.concat(writer.take()).equals(Buffer.concat([hex('00000007'), deepBytes()]))).toBe(true);
  });

  it('go on after what lies in them', () => {
    const value: FieldValue = { tag: 'F', value: deepTable() };
    const bytes = encodeTable([
      ['a', { tag: 'A', value: [value, { tag: 'B', value: 1 }, value] }],
      ['b', { tag: 'B', value: 2 }],
    ]);
    const table = decodeTable(bytes);
    expect(table[0]?.[1].value).toHaveLength(3);
    expect(table[1]).toEqual(['b', { tag: 'B', value: 2 }]);
    expect(encodeTable(table).equals(bytes)).toBe(true);
  });

  it('pass the check, which leaves its reader behind them', () => {
    const reader = new ByteReader(Buffer.concat([deepBytes(), hex('ff')]));
    checkTable(reader);
    expect(reader.remaining).toBe(1);
  });

  it.each([
    ['an unknown type', 'Z', 'unknown type "Z"'],
    ['a value that is cut off', 'l', 'expected 8 more bytes, found 0'],
  ])('are refused for %s at their bottom', (_what, letter, text) => {
    const bytes = deepBytes();
    bytes.write(letter, bytes.length - 1);
    expect(() => decodeTable(bytes)).toThrow(`malformed field table: ${text}`);
    expect(() => checkTable(new ByteReader(bytes))).toThrow(`malformed field table: ${text}`);
  });
});

describe('malformed field tables', () => {
  it.each([
    ['an unknown type', tableOf('5a'), 'unknown type "Z"'],
    ['a string that leads out of the table', tableOf('53 000000ff 41'), 'expected 255 more bytes, found 1'],
    ['a string as long as can be', tableOf('53 ffffffff'), 'expected 4294967295 more bytes, found 0'],
    ['an array that leads out of the table', tableOf('41 00000002 56'), 'expected 2 more bytes, found 1'],
    ['a value that leads out of its array', tableOf('41 00000001 74 01'), 'expected 1 more bytes, found 0'],
    ['a name without a value', hex('00000002 0161'), 'expected 1 more bytes, found 0'],
    ['a name that leads out of the table', hex('00000002 0561'), 'expected 5 more bytes, found 1'],
    ['a number that is cut short', tableOf('6c 0000'), 'expected 8 more bytes, found 2'],
    ['fewer bytes than its length says', hex('00000009 0161'), 'expected 9 more bytes, found 2'],
    ['a double that is not a number', tableOf('64 7ff8000000000000'), 'expected a finite number, found NaN'],
    ['an infinite float', tableOf('66 ff800000'), 'expected a finite number, found -Infinity'],
  ])('are refused for %s', (_name, bytes, text) => {
    expect(() => decodeTable(bytes)).toThrow(
      expect.objectContaining({ replyCode: 502, message: `SYNTAX_ERROR - malformed field table: ${text}` }),
    );
  });

  it('are found by the check as by the decoder, wherever a byte is wrong', () => {
    const damaged = fc.tuple(fieldTable, fc.nat(), fc.nat(0xff)).map(([table, place, byte]) => {
      const bytes = encodeTable(table);
      bytes[place % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(damaged, (bytes) => {
        expect(outcome(() => checkTable(new ByteReader(bytes)))).toBe(outcome(() => readTable(new ByteReader(bytes))));
      }),
      { numRuns: 1000 },
    );
  });
});

/** The error's message, or undefined. */
function outcome(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    // A length that leads out of the table itself is the only other error.
    return error instanceof AmqpError || (error as Error).name === 'TruncatedError' ? String(error) : 'crashed';
  }
}
