/** Methods (AMQP 0-9-1 section 4.2.4) as objects: `{ name: 'basic.ack', args: { deliveryTag: 7, multiple: false } }`. */
import { AmqpError } from '../errors.js';
import type { FieldTable } from '../field-value.js';
import { ByteReader, TruncatedError } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import { FRAME } from './constants.js';
import { readTable, writeTable } from './field-table.js';
import { frameError, undecodableMethod } from './frame-errors.js';
import { type ArgumentType, METHODS, type MethodDefinition } from './method-table.js';
import { isEscaped } from './short-string.js';

export { METHODS } from './method-table.js';

/** The name of a method, such as `queue.declare-ok`. */
export type MethodName = keyof typeof METHODS;

/** How a type of argument is read and written. */
interface ArgumentCodec<T> {
  read(reader: ByteReader): T;
  write(writer: ByteWriter, value: T): void;
}

/** What an argument of a type is here. */
interface ArgumentValues {
  readonly octet: number;
  readonly short: number;
  readonly long: number;
  /** Read: above 2^53 the nearest double. Written: a safe integer. */
  readonly longlong: number;
  readonly bit: boolean;
  readonly shortstr: string;
  /** Read: a slice of the payload. */
  readonly longstr: Buffer;
  readonly table: FieldTable;
}

type Fields<M extends MethodName> = (typeof METHODS)[M]['fields'];

/** The arguments of a method by their names. */
export type MethodArguments<M extends MethodName> = {
  readonly [F in keyof Fields<M>]: Fields<M>[F] extends ArgumentType ? ArgumentValues[Fields<M>[F]] : never;
};

/** A method and its arguments; `name` tells which. */
export type Method = {
  [M in MethodName]: { readonly name: M; readonly args: MethodArguments<M> };
}[MethodName];

/** A method of the table, made ready for reading and writing. */
interface CompiledMethod {
  readonly name: MethodName;
  readonly classId: number;
  readonly methodId: number;
  readonly fields: readonly CompiledField[];
}

interface CompiledField {
  readonly name: string;
  /** Undefined for a bit. */
  readonly codec: ArgumentCodec<unknown> | undefined;
  /** For a bit: its place in an octet that it shares with its neighbours. */
  readonly mask: number;
  /** For a bit: the next argument does not share its octet. */
  readonly last: boolean;
}

const CODECS: { readonly [T in Exclude<ArgumentType, 'bit'>]: ArgumentCodec<ArgumentValues[T]> } = {
  octet: { read: (reader) => reader.octet(), write: (writer, value) => writer.octet(value) },
  short: { read: (reader) => reader.short(), write: (writer, value) => writer.short(value) },
  long: { read: (reader) => reader.long(), write: (writer, value) => writer.long(value) },
  longlong: { read: (reader) => reader.longlong(), write: (writer, value) => writer.longlong(value) },
  shortstr: { read: readName, write: (writer, value) => writer.shortString(value) },
  longstr: { read: (reader) => reader.longString(), write: (writer, value) => writer.longString(value) },
  table: { read: readTable, write: writeTable },
};

/** The code of what is wrong inside of a table. */
const SYNTAX_ERROR = 502;

/** RabbitMQ looks at the names in every method but those with content, whose routing keys may be any octets. */
const ANY_SHORTSTR: ArgumentCodec<string> = { ...CODECS.shortstr, read: (reader) => reader.shortString() };

const BY_NAME: ReadonlyMap<string, CompiledMethod> = new Map(
  Object.entries(METHODS).map(([name, definition]) => [name, compile(name as MethodName, definition)]),
);

const BY_IDS: ReadonlyMap<number, CompiledMethod> = new Map(
  Array.from(BY_NAME.values(), (method) => [idsKey(method.classId, method.methodId), method]),
);

/** The numbers that stand for a method on the wire and in close methods. */
export function methodIds(name: MethodName): { readonly classId: number; readonly methodId: number } {
  return METHODS[name];
}

/**
 * Reads the payload of a method frame.
 * @throws AmqpError NOT_IMPLEMENTED for a method that is not in the table
 * @throws AmqpError FRAME_ERROR for arguments that are cut short or followed by something, and for names that are no UTF-8
 * @throws AmqpError SYNTAX_ERROR for what is wrong inside of a table
 *
 * The errors name the method, as in RabbitMQ, where it is in the table, but for names that are no UTF-8.
 */
export function decodeMethod(payload: Buffer): Method {
  if (payload.length < 4) throw frameError(FRAME.method, payload, 'unknown_frame');
  const reader = new ByteReader(payload);
  const classId = reader.short();
  const methodId = reader.short();
  const method = BY_IDS.get(idsKey(classId, methodId));
  if (method === undefined) throw new AmqpError('NOT_IMPLEMENTED', `unknown method {${classId},${methodId}}`);
  try {
    const args = readArguments(reader, method.fields);
    if (reader.remaining === 0) return { name: method.name, args } as Method;
  } catch (error) {
    if (error instanceof AmqpError && error.replyCode === SYNTAX_ERROR) throw about(method, error);
    if (!(error instanceof TruncatedError)) throw error;
  }
  throw about(method, undecodableMethod(payload.subarray(4)));
}

/** Writes the payload of a method frame. @throws RangeError for a short string or a long-long that is out of range */
export function writeMethod<M extends MethodName>(writer: ByteWriter, name: M, args: MethodArguments<M>): void {
  const { classId, methodId, fields } = BY_NAME.get(name)!;
  writer.short(classId);
  writer.short(methodId);
  let bits = 0;
  for (const field of fields) {
    const value: unknown = args[field.name as keyof MethodArguments<M>];
    if (field.codec !== undefined) {
      field.codec.write(writer, value);
      continue;
    }
    if (value === true) bits |= field.mask;
    if (field.last) {
      writer.octet(bits);
      bits = 0;
    }
  }
}

function about({ classId, methodId }: CompiledMethod, error: AmqpError): AmqpError {
  error.method = { classId, methodId };
  return error;
}

function readArguments(reader: ByteReader, fields: readonly CompiledField[]): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  let bits = 0;
  for (const { name, codec, mask } of fields) {
    if (codec !== undefined) {
      args[name] = codec.read(reader);
      continue;
    }
    if (mask === 1) bits = reader.octet();
    args[name] = (bits & mask) !== 0;
  }
  return args;
}

function readName(reader: ByteReader): string {
  const text = reader.shortString();
  if (isEscaped(text)) throw new AmqpError('FRAME_ERROR', 'Malformed UTF-8 in shortstr');
  return text;
}

function compile(name: MethodName, definition: MethodDefinition): CompiledMethod {
  const { classId, methodId, content = false } = definition;
  const entries = Object.entries(definition.fields);
  let mask = 0;
  const fields = entries.map(([field, type], index) => {
    mask = type !== 'bit' ? 0 : mask === 0 || mask === 0x80 ? 1 : mask << 1;
    const last = entries[index + 1]?.[1] !== 'bit' || mask === 0x80;
    return { name: field, codec: codecOf(type, content), mask, last };
  });
  return { name, classId, methodId, fields };
}

function codecOf(type: ArgumentType, content: boolean): ArgumentCodec<unknown> | undefined {
  if (type === 'bit') return undefined;
  // What a codec writes has the type that the table asks for, which the callers' types ensure.
  return (type === 'shortstr' && content ? ANY_SHORTSTR : CODECS[type]) as ArgumentCodec<unknown>;
}

function idsKey(classId: number, methodId: number): number {
  return classId * 0x1_0000 + methodId;
}
