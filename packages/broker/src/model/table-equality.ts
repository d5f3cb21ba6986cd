/** Which values and tables RabbitMQ takes for equal, as texts to be compared or to look things up by. */
import type { FieldTable, FieldValue } from '../field-value.js';

/**
 * A text that two values share when RabbitMQ finds their contents equal whatever their types: numbers by value, across
 * widths, floats and timestamps; long strings and byte arrays by bytes; decimals by both parts. What arrays and tables
 * hold must agree in type too, and in order.
 */
export function comparisonKey(value: FieldValue): string {
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
    case 'A':
      return `[${value.value.map((item) => sized(typedKey(item))).join('')}]`;
    case 'F':
      return `[${value.value.map(([name, item]) => `{${sized(name)}${sized(typedKey(item))}}`).join('')}]`;
    case 'V':
      return 'void';
    default:
      return `n${value.value}`;
  }
}

/** A text that two tables share when a binding made with the one is the binding made with the other: any order of names. */
export function tableKey(table: FieldTable): string {
  if (table.length === 0) return '';
  return sortedByName(table)
    .map(([name, value]) => sized(name) + sized(typedKey(value)))
    .join('');
}

/** Whether two bindings that differ in nothing but these arguments are one. */
export function sameTable(a: FieldTable, b: FieldTable): boolean {
  return tableKey(a) === tableKey(b);
}

/** A table in the order of its names, those that stand twice in their order. By UTF-16 units; RabbitMQ sorts by bytes. */
export function sortedByName(table: FieldTable): FieldTable {
  return [...table].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The number that a float (4 bytes) or double (8 bytes) holds. */
export function floatOf(bytes: Buffer): number {
  return bytes.length === 4 ? bytes.readFloatBE() : bytes.readDoubleBE();
}

function typedKey(value: FieldValue): string {
  return value.tag + comparisonKey(value);
}

/** Whole numbers as integers are written, so that 1.0 equals 1. */
function floatText(number: number): string {
  return Number.isInteger(number) ? BigInt(number).toString() : String(number);
}

/** Texts one after the other stay apart when each says its length. */
function sized(text: string): string {
  return `${text.length}:${text}`;
}
