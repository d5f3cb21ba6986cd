/**
 * The values of AMQP field tables (queue arguments, message headers), with the types that they had on the wire, so that
 * a table is written again as it was read. Pure data; `wire/field-table` turns it into bytes and back.
 */

/**
 * A value and its type's letter as RabbitMQ reads and writes them (AMQP 0-9-1 section 4.2.5.5 and RabbitMQ's errata):
 * t boolean, b/B signed/unsigned octet, s/u signed/unsigned short, I/i signed/unsigned long, l signed long-long,
 * T timestamp (seconds), f float, d double, D decimal, S long string, x byte array, A array, F table, V void.
 * Floats and decimals keep their bytes, since not every pattern survives a JavaScript number.
 */
export type FieldValue =
  | { readonly tag: 't'; readonly value: boolean }
  | { readonly tag: 'b' | 'B' | 's' | 'u' | 'I' | 'i'; readonly value: number }
  | { readonly tag: 'l' | 'T'; readonly value: bigint }
  | { readonly tag: 'f' | 'd' | 'D'; readonly value: Buffer }
  | { readonly tag: 'S' | 'x'; readonly value: Buffer }
  | { readonly tag: 'A'; readonly value: readonly FieldValue[] }
  | { readonly tag: 'F'; readonly value: FieldTable }
  | { readonly tag: 'V'; readonly value: undefined };

/** A table in the order of the wire; a name may stand in it twice, and then the first one counts. */
export type FieldTable = readonly FieldEntry[];

/** A name, up to 255 bytes of UTF-8, and its value. */
export type FieldEntry = readonly [name: string, value: FieldValue];

/** A table without entries. */
export const EMPTY_TABLE: FieldTable = [];

/** The value of a name, or undefined. */
export function field(table: FieldTable, name: string): FieldValue | undefined {
  for (const [key, value] of table) if (key === name) return value;
  return undefined;
}

/** A text as a long string. */
export function longString(text: string): FieldValue {
  return { tag: 'S', value: Buffer.from(text) };
}

/** A whole number as a signed 64-bit integer, the type in which RabbitMQ writes its own counts. */
export function long(value: number): FieldValue {
  return { tag: 'l', value: BigInt(value) };
}

/** Seconds since 1970 as a timestamp. */
export function timestamp(seconds: number): FieldValue {
  return { tag: 'T', value: BigInt(seconds) };
}

/** The text of a long string; undefined for every other type. */
export function textOf(value: FieldValue | undefined): string | undefined {
  return value?.tag === 'S' ? value.value.toString() : undefined;
}

/** The number of an integer of any width; undefined for every other type. Beyond 2^53 the nearest double. */
export function integerOf(value: FieldValue | undefined): number | undefined {
  switch (value?.tag) {
    case 'b':
    case 'B':
    case 's':
    case 'u':
    case 'I':
    case 'i':
      return value.value;
    case 'l':
      return Number(value.value);
    default:
      return undefined;
  }
}
