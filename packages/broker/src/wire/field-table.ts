/**
 * Field tables (AMQP 0-9-1 section 4.2.5.5) with the types that RabbitMQ knows. What is read is written again as it was,
 * but for two things that RabbitMQ changes as well: `L` becomes `l`, and a true that is not 1 becomes 1. As in RabbitMQ,
 * arrays and tables nest as deep as a frame has room for, so that nothing here may recurse.
 */
import { AmqpError, assertNever } from '../errors.js';
import type { FieldEntry, FieldTable, FieldValue } from '../field-value.js';
import { ByteReader, TruncatedError } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';

/** The codes of the letters of what holds other values. */
const ARRAY = 0x41;
const TABLE = 0x46;

type NestedValue = Extract<FieldValue, { tag: 'A' | 'F' }>;
type PlainValue = Exclude<FieldValue, NestedValue>;

/** An array or a table that is being read. */
type OpenField =
  | { readonly tag: 'A'; readonly value: FieldValue[] }
  | { readonly tag: 'F'; readonly value: FieldEntry[] };

/** Where to read on after the array or the table that lies in it. */
interface ReadPart {
  readonly reader: ByteReader;
  readonly field: OpenField;
  readonly outer: ReadPart | undefined;
}

/** Where to pass over more after the array or the table that lies in it. */
interface SkippedPart {
  readonly reader: ByteReader;
  readonly named: boolean;
  readonly outer: SkippedPart | undefined;
}

/** An array or a table that is being written, whose length goes to `start` at its end. */
interface UnfinishedPart {
  readonly field: NestedValue;
  readonly start: number;
  /** How many of its items are written. */
  written: number;
  readonly outer: UnfinishedPart | undefined;
}

/** Values of one size only, and how many bytes they take. */
const SIZES = { t: 1, b: 1, B: 1, s: 2, u: 2, I: 4, i: 4, l: 8, L: 8, T: 8, f: 4, d: 8, D: 5, V: 0 } as const;

/** The same by the codes of the letters, for those that only pass over a value; -1 for the others. */
const SIZES_BY_CODE = Int8Array.from({ length: 256 }, (_, code) => {
  const tag = String.fromCharCode(code);
  return tag in SIZES ? SIZES[tag as keyof typeof SIZES] : -1;
});

/**
 * Reads a table with its length. Bytes in it are slices of a copy, so that a table keeps nothing else alive.
 * @throws TruncatedError where the table is longer than what is there
 * @throws AmqpError SYNTAX_ERROR for what is wrong inside of it
 */
export function readTable(reader: ByteReader): FieldTable {
  const entries = reader.longString();
  return entries.length === 0 ? [] : insideTable(() => readEntries(new ByteReader(Buffer.from(entries))));
}

/** Reads a table from its bytes, its length before it. Bytes in it are slices. @throws AmqpError SYNTAX_ERROR */
export function decodeTable(bytes: Buffer): FieldTable {
  return insideTable(() => readEntries(new ByteReader(new ByteReader(bytes).longString())));
}

/**
 * Passes over a table with its length and finds what is wrong in it, without making anything of it.
 * @throws as `readTable`
 */
export function checkTable(reader: ByteReader): void {
  const entries = reader.part(reader.long());
  insideTable(() => skipEntries(entries));
}

/** Writes a table with its length. */
export function writeTable(writer: ByteWriter, table: FieldTable): void {
  let part: UnfinishedPart | undefined = startPart(writer, { tag: 'F', value: table }, undefined);
  while (part !== undefined) {
    const nested = writeItems(writer, part);
    if (nested === undefined) {
      writer.patchLong(part.start, writer.position - part.start - 4);
      part = part.outer;
    } else {
      part = startPart(writer, nested, part);
    }
  }
}

/** The bytes of a table, its length before it. */
export function encodeTable(table: FieldTable): Buffer {
  const writer = new ByteWriter();
  writeTable(writer, table);
  return Buffer.concat(writer.take());
}

/** Within a table, a length that leads out of it is the client's mistake. */
function insideTable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TruncatedError) throw new AmqpError('SYNTAX_ERROR', `malformed field table: ${error.message}`);
    throw error;
  }
}

function readEntries(entries: ByteReader): FieldTable {
  const table: FieldEntry[] = [];
  let reader = entries;
  let field: OpenField = { tag: 'F', value: table };
  let outer: ReadPart | undefined;
  for (;;) {
    const nested = readItems(reader, field);
    if (nested !== undefined) {
      outer = { reader, field, outer };
      reader = reader.part(reader.long());
      field = nested;
    } else if (outer !== undefined) {
      ({ reader, field, outer } = outer);
    } else {
      return table;
    }
  }
}

/** Reads up to the end, or up to an array or a table, which is returned for its own items to be read first. */
function readItems(reader: ByteReader, field: OpenField): OpenField | undefined {
  while (reader.remaining > 0) {
    const name = field.tag === 'F' ? reader.shortString() : '';
    const code = reader.octet();
    const nested: OpenField | undefined =
      code === TABLE ? { tag: 'F', value: [] } : code === ARRAY ? { tag: 'A', value: [] } : undefined;
    const value = nested ?? readPlain(reader, code);
    if (field.tag === 'F') field.value.push([name, value]);
    else field.value.push(value);
    if (nested !== undefined) return nested;
  }
  return undefined;
}

function readPlain(reader: ByteReader, code: number): PlainValue {
  const tag = String.fromCharCode(code);
  switch (tag) {
    case 't':
      return { tag, value: reader.octet() !== 0 };
    case 'b':
      return { tag, value: (reader.octet() << 24) >> 24 };
    case 'B':
      return { tag, value: reader.octet() };
    case 's':
      return { tag, value: (reader.short() << 16) >> 16 };
    case 'u':
      return { tag, value: reader.short() };
    case 'I':
      return { tag, value: reader.long() | 0 };
    case 'i':
      return { tag, value: reader.long() };
    case 'l':
    case 'L':
      return { tag: 'l', value: BigInt.asIntN(64, reader.bigLonglong()) };
    case 'T':
      return { tag, value: reader.bigLonglong() };
    case 'f':
    case 'd':
      return { tag, value: finite(reader.slice(SIZES[tag])) };
    case 'D':
      return { tag, value: reader.slice(SIZES[tag]) };
    case 'S':
    case 'x':
      return { tag, value: reader.longString() };
    case 'V':
      return { tag, value: undefined };
    default:
      throw unknownTag(tag);
  }
}

function startPart(writer: ByteWriter, field: NestedValue, outer: UnfinishedPart | undefined): UnfinishedPart {
  const start = writer.position;
  writer.long(0);
  return { field, start, written: 0, outer };
}

/** Writes up to the end, or up to an array or a table, which is returned for its own items to be written first. */
function writeItems(writer: ByteWriter, part: UnfinishedPart): NestedValue | undefined {
  const { field } = part;
  const count = field.value.length;
  for (let index = part.written; index < count; index++) {
    const value = field.tag === 'F' ? writeName(writer, field.value[index]!) : field.value[index]!;
    writer.octet(value.tag.charCodeAt(0));
    if (value.tag === 'A' || value.tag === 'F') {
      part.written = index + 1;
      return value;
    }
    writePlain(writer, value);
  }
  return undefined;
}

/** @returns the value, which comes next */
function writeName(writer: ByteWriter, entry: FieldEntry): FieldValue {
  writer.shortString(entry[0]);
  return entry[1];
}

function writePlain(writer: ByteWriter, field: PlainValue): void {
  switch (field.tag) {
    case 't':
      writer.octet(field.value ? 1 : 0);
      break;
    case 'b':
    case 'B':
      writer.octet(field.value);
      break;
    case 's':
    case 'u':
      writer.short(field.value);
      break;
    case 'I':
    case 'i':
      writer.long(field.value);
      break;
    case 'l':
    case 'T':
      writer.bigLonglong(field.value);
      break;
    case 'f':
    case 'd':
    case 'D':
      writer.bytes(field.value, 0, SIZES[field.tag]);
      break;
    case 'S':
    case 'x':
      writer.longString(field.value);
      break;
    case 'V':
      break;
    default:
      assertNever(field);
  }
}

function skipEntries(entries: ByteReader): void {
  let reader = entries;
  let named = true;
  let outer: SkippedPart | undefined;
  for (;;) {
    while (reader.remaining > 0) {
      if (named) reader.skip(reader.octet());
      const code = reader.octet();
      if (code === TABLE || code === ARRAY) {
        outer = { reader, named, outer };
        reader = reader.part(reader.long());
        named = code === TABLE;
      } else {
        skipPlain(reader, code);
      }
    }
    if (outer === undefined) return;
    ({ reader, named, outer } = outer);
  }
}

function skipPlain(reader: ByteReader, code: number): void {
  const size = SIZES_BY_CODE[code]!;
  if (code === 0x53 || code === 0x78) reader.skip(reader.long());
  else if (code === 0x66 || code === 0x64) finite(reader.slice(size));
  else if (size >= 0) reader.skip(size);
  else throw unknownTag(String.fromCharCode(code));
}

/** Erlang has no NaN and no infinity, so that RabbitMQ takes neither. */
function finite(bytes: Buffer): Buffer {
  const value = bytes.length === SIZES.f ? bytes.readFloatBE() : bytes.readDoubleBE();
  if (Number.isFinite(value)) return bytes;
  throw new AmqpError('SYNTAX_ERROR', `malformed field table: expected a finite number, found ${value}`);
}

function unknownTag(tag: string): AmqpError {
  return new AmqpError('SYNTAX_ERROR', `malformed field table: unknown type ${JSON.stringify(tag)}`);
}
