/** Values as RabbitMQ writes them into the texts of its errors: in Erlang's notation, which clients get to see. */
import type { FieldValue } from '../field-value.js';
import { bracketedText, isNested, type Notation, type PlainValue } from './bracketed-text.js';
import { floatOf } from './table-equality.js';

const TYPE_NAMES: Readonly<Record<FieldValue['tag'], string>> = {
  t: 'bool',
  b: 'byte',
  B: 'unsignedbyte',
  s: 'short',
  u: 'unsignedshort',
  I: 'signedint',
  i: 'unsignedint',
  l: 'long',
  T: 'timestamp',
  f: 'float',
  d: 'double',
  D: 'decimal',
  S: 'longstr',
  x: 'binary',
  A: 'array',
  F: 'table',
  V: 'void',
};

const ESCAPES = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\x1b', '\\e'],
]);

/** Tuples with commas between them: `{type,value}` in an array, `{name,type,value}` in a table. */
const ERLANG: Notation = {
  before: (item, index, name) => {
    const start = index === 0 ? '{' : ',{';
    return `${start}${name === undefined ? '' : `${printedBinary(Buffer.from(name))},`}${typeName(item)},`;
  },
  plain: printedPlain,
  after: '}',
};

/** RabbitMQ's name of a value's type. */
export function typeName(value: FieldValue): string {
  return TYPE_NAMES[value.tag];
}

/** A value in Erlang's notation, in one line: `1`, `true`, `<<"text">>`, `[{longstr,<<"a">>}]`. */
export function printedValue(value: FieldValue): string {
  return isNested(value) ? bracketedText(value, ERLANG) : printedPlain(value);
}

/** A text in Erlang's notation: in quotes, or as a list of its bytes when one of them is no character of Latin-1. */
export function printedText(text: string): string {
  const bytes = Buffer.from(text);
  return isPrintable(bytes) ? printedBytes(bytes) : `[${printedBytes(bytes)}]`;
}

/** The text itself where the value is one, else as `printedValue`. */
export function plainValue(value: FieldValue): string {
  return value.tag === 'S' || value.tag === 'x' ? value.value.toString() : printedValue(value);
}

function printedPlain(value: PlainValue): string {
  switch (value.tag) {
    case 'S':
    case 'x':
      return printedBinary(value.value);
    case 'f':
    case 'd':
      return printedFloat(floatOf(value.value));
    case 'D':
      return `{${value.value.readUInt8()},${value.value.readUInt32BE(1)}}`;
    default:
      return String(value.value);
  }
}

function printedBinary(bytes: Buffer): string {
  return bytes.length === 0 ? '<<>>' : `<<${printedBytes(bytes)}>>`;
}

/** In quotes when all bytes are printable, so that UTF-8 stays readable only where it happens to look like Latin-1. */
function printedBytes(bytes: Buffer): string {
  if (!isPrintable(bytes)) return bytes.join(',');
  const escaped = bytes.toString('latin1').replaceAll(/["\\\p{Cc}]/gu, (char) => ESCAPES.get(char) ?? char);
  return `"${Buffer.from(escaped, 'latin1').toString()}"`;
}

function isPrintable(bytes: Buffer): boolean {
  return bytes.every((byte) => (byte >= 32 && byte <= 126) || byte >= 160 || (byte >= 8 && byte <= 13) || byte === 27);
}

/** Erlang's shortest notation: all digits where that is no longer than with an exponent. */
function printedFloat(number: number): string {
  if (!Number.isFinite(number)) return String(number);
  if (number === 0) return Object.is(number, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponent = '0'] = Math.abs(number).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  return (number < 0 ? '-' : '') + placedDigits(digits, Number(exponent) + 1);
}

/** @param place how many of the digits come before the point; negative or beyond their number where zeros fill the gap */
function placedDigits(digits: string, place: number): string {
  if (place > 0 && place < digits.length) return `${digits.slice(0, place)}.${digits.slice(place)}`;
  if (place === 0) return `0.${digits}`;
  const exponent = String(place - 1);
  const costOfExponent = exponent.length + 1 + (digits.length === 1 ? 2 : 1);
  const zeros = '0'.repeat(Math.max(-place, place - digits.length));
  if (zeros.length + 2 > costOfExponent) return `${digits[0]}.${digits.slice(1) || '0'}e${exponent}`;
  return place < 0 ? `0.${zeros}${digits}` : `${digits}${zeros}.0`;
}
