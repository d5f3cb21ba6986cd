/** Which values and tables RabbitMQ takes for equal, as texts to be compared or to look things up by. */
import type { FieldTable, FieldValue } from '../field-value.js';
import { bracketedText, isNested, type Notation, type PlainValue } from './bracketed-text.js';

/** Names and values that say their lengths, so that texts one after the other stay apart. */
const KEYS: Notation = {
  before: (item, _index, name) => (name === undefined ? item.tag : `{${sized(name)}${item.tag}`),
  plain: (item) => sized(plainKey(item)),
  after: '',
};

/**
 * A text that two values share when RabbitMQ finds their contents equal whatever their types: numbers by value, across
 * widths, floats and timestamps; long strings and byte arrays by bytes; decimals by both parts. What arrays and tables
 * hold must agree in type too, and in order.
 */
export function comparisonKey(value: FieldValue): string {
  return isNested(value) ? bracketedText(value, KEYS) : plainKey(value);
}

/** A text that two tables share when a binding made with the one is the binding made with the other: any order of names. */
export function tableKey(table: FieldTable): string {
  return table.length === 0 ? '' : bracketedText({ tag: 'F', value: sortedByName(table) }, KEYS);
}

/** A table in the order of its names, those that stand twice in their order. By UTF-16 units; RabbitMQ sorts by bytes. */
export function sortedByName(table: FieldTable): FieldTable {
  return [...table].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The number that a float (4 bytes) or double (8 bytes) holds. */
export function floatOf(bytes: Buffer): number {
  return bytes.length === 4 ? bytes.readFloatBE() : bytes.readDoubleBE();
}

function plainKey(value: PlainValue): string {
  switch (value.tag) {
    case 'S':
    case 'x':
      return `b${value.value.toString('latin1')}`;
    case 't':
      return value.value ? 'true' : 'false';
    case 'f':
    case 'd':
      return `n${floatText(floatOf(value.value))}`;
    case 'D':
      return `D${value.value.toString('hex')}`;
    case 'V':
      return 'void';
    default:
      return `n${value.value}`;
  }
}

/** Whole numbers as integers are written, so that 1.0 equals 1. */
function floatText(number: number): string {
  return Number.isInteger(number) ? BigInt(number).toString() : String(number);
}

function sized(text: string): string {
  return `${text.length}:${text}`;
}
