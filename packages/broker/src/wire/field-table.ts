/**
 * Field tables (AMQP 0-9-1 section 4.2.5.5) with the types that RabbitMQ knows. What is read is written again as it was,
 * but for two things that RabbitMQ changes as well: `L` becomes `l`, and a true that is not 1 becomes 1.
 */
import { AmqpError, assertNever } from '../errors.js';
import type { FieldEntry, FieldTable, FieldValue } from '../field-value.js';
import { ByteReader, TruncatedError } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';

/** How deep arrays and tables may lie in each other. */
export const MAX_TABLE_DEPTH = 100;

/** Values of one size only, and how many bytes they take. */
const SIZES = { t: 1, b: 1, B: 1, s: 2, u: 2, I: 4, i: 4, l: 8, L: 8, T: 8, f: 4, d: 8, D: 5, V: 0 } as const;

/** The same by the codes of the letters, for those that only pass over a value. */
const SIZES_BY_CODE: ReadonlyMap<number, number> = new Map(
  Object.entries(SIZES).map(([tag, size]) => [tag.charCodeAt(0), size]),
);

/**
 * Reads a table with its length. Bytes in it are slices of a copy, so that a table keeps nothing else alive.
 * @throws TruncatedError where the table is longer than what is there
 * @throws AmqpError SYNTAX_ERROR for what is wrong inside of it
 */
export function readTable(reader: ByteReader): FieldTable {
  const entries = reader.longString();
  return entries.length === 0 ? [] : insideTable(() => readEntries(new ByteReader(Buffer.from(entries)), 0));
}

/** Reads a table from its bytes, its length before it. Bytes in it are slices. @throws AmqpError SYNTAX_ERROR */
export function decodeTable(bytes: Buffer): FieldTable {
  return insideTable(() => readEntries(new ByteReader(new ByteReader(bytes).longString()), 0));
}

/**
 * Passes over a table with its length and finds what is wrong in it, without making anything of it.
 * @throws as `readTable`
 */
export function checkTable(reader: ByteReader): void {
  const entries = reader.part(reader.long());
  insideTable(() => skipEntries(entries, 0));
}

/** Writes a table with its length. */
export function writeTable(writer: ByteWriter, table: FieldTable): void {
  const start = writer.position;
  writer.long(0);
  for (const [name, value] of table) {
    writer.shortString(name);
    writeValue(writer, value);
  }
  writer.patchLong(start, writer.position - start - 4);
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

function readEntries(reader: ByteReader, depth: number): FieldTable {
  const entries: FieldEntry[] = [];
  while (reader.remaining > 0) entries.push([reader.shortString(), readValue(reader, depth)]);
  return entries;
}

function readArray(reader: ByteReader, depth: number): readonly FieldValue[] {
  const values: FieldValue[] = [];
  while (reader.remaining > 0) values.push(readValue(reader, depth));
  return values;
}

function readValue(reader: ByteReader, depth: number): FieldValue {
  const tag = String.fromCharCode(reader.octet());
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
    case 'A':
      return { tag, value: readArray(nested(reader, depth), depth + 1) };
    case 'F':
      return { tag, value: readEntries(nested(reader, depth), depth + 1) };
    case 'V':
      return { tag, value: undefined };
    default:
      throw unknownTag(tag);
  }
}

function writeValue(writer: ByteWriter, field: FieldValue): void {
  writer.octet(field.tag.charCodeAt(0));
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
    case 'A':
      writeArray(writer, field.value);
      break;
    case 'F':
      writeTable(writer, field.value);
      break;
    case 'V':
      break;
    default:
      assertNever(field);
  }
}

function writeArray(writer: ByteWriter, values: readonly FieldValue[]): void {
  const start = writer.position;
  writer.long(0);
  for (const value of values) writeValue(writer, value);
  writer.patchLong(start, writer.position - start - 4);
}

function skipEntries(reader: ByteReader, depth: number): void {
  while (reader.remaining > 0) {
    reader.skip(reader.octet());
    skipValue(reader, depth);
  }
}

function skipValue(reader: ByteReader, depth: number): void {
  const code = reader.octet();
  const size = SIZES_BY_CODE.get(code);
  if (code === 0x66 || code === 0x64) finite(reader.slice(size!));
  else if (size !== undefined) reader.skip(size);
  else if (code === 0x53 || code === 0x78) reader.skip(reader.long());
  else if (code === 0x46) skipEntries(nested(reader, depth), depth + 1);
  else if (code === 0x41) skipArray(nested(reader, depth), depth + 1);
  else throw unknownTag(String.fromCharCode(code));
}

function skipArray(reader: ByteReader, depth: number): void {
  while (reader.remaining > 0) skipValue(reader, depth);
}

/** A reader of the array or table that comes next. */
function nested(reader: ByteReader, depth: number): ByteReader {
  if (depth === MAX_TABLE_DEPTH) {
    throw new AmqpError('SYNTAX_ERROR', `malformed field table: nested more than ${MAX_TABLE_DEPTH} deep`);
  }
  return reader.part(reader.long());
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
