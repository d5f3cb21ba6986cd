/** Arrays and tables as texts, however deep they nest: a client can make that deeper than functions can call each other. */
import type { FieldValue } from '../field-value.js';

/** An array or a table. */
export type NestedValue = Extract<FieldValue, { tag: 'A' | 'F' }>;

/** A value that is no array and no table. */
export type PlainValue = Exclude<FieldValue, NestedValue>;

/** How the items between the brackets look. */
export interface Notation {
  /** What comes before an item. @param name undefined in an array */
  before(item: FieldValue, index: number, name: string | undefined): string;
  /** An item that is no array and no table. */
  plain(item: PlainValue): string;
  /** What comes after an item. */
  readonly after: string;
}

/** A part whose text has begun; `outer` is what it lies in. */
interface OpenPart {
  readonly field: NestedValue;
  /** How many of its items have begun. */
  begun: number;
  readonly outer: OpenPart | undefined;
}

/** The items of an array or a table, and of all that lie in it, in brackets. */
export function bracketedText(field: NestedValue, notation: Notation): string {
  const pieces = ['['];
  let part: OpenPart | undefined = { field, begun: 0, outer: undefined };
  while (part !== undefined) {
    const nested = addItems(pieces, part, notation);
    if (nested === undefined) {
      pieces.push(']');
      part = part.outer;
      if (part !== undefined) pieces.push(notation.after);
    } else {
      pieces.push('[');
      part = { field: nested, begun: 0, outer: part };
    }
  }
  return pieces.join('');
}

/** Adds items up to the end, or up to an array or a table, which is returned for its own to be added first. */
function addItems(pieces: string[], part: OpenPart, notation: Notation): NestedValue | undefined {
  const { field } = part;
  for (let index = part.begun; index < field.value.length; index++) {
    const [name, item] = itemAt(field, index);
    pieces.push(notation.before(item, index, name));
    if (isNested(item)) {
      part.begun = index + 1;
      return item;
    }
    pieces.push(notation.plain(item), notation.after);
  }
  return undefined;
}

function itemAt(field: NestedValue, index: number): readonly [name: string | undefined, item: FieldValue] {
  return field.tag === 'F' ? field.value[index]! : [undefined, field.value[index]!];
}

/** Whether a value is an array or a table. */
export function isNested(value: FieldValue): value is NestedValue {
  return value.tag === 'A' || value.tag === 'F';
}
