import { poison } from '../poison.js';
import { type JsonText, listText } from './json-text.js';

/**
 * How the results of a chord's members make the list that its body gets: a number is the member of that index, a list the
 * list of what it holds. The members of a group in a group are members of the chord like all others; only its shape nests.
 */
export type Shape = number | readonly Shape[];

/** The shape as the wire has it; undefined when it is the flat list of all members, which goes without saying. */
export function unlessFlat(shape: readonly Shape[], size: number): readonly Shape[] | undefined {
  return shape.length === size && shape.every((item, index) => item === index) ? undefined : shape;
}

/** The list that a chord's body gets. */
export function joinedText(
  shape: readonly Shape[] | undefined,
  size: number,
  results: ReadonlyMap<number, JsonText>,
): JsonText {
  if (shape !== undefined) return shapedText(shape, results);
  return listText(Array.from({ length: size }, (_, index) => resultAt(index, results)));
}

function shapedText(shape: Shape, results: ReadonlyMap<number, JsonText>): JsonText {
  if (typeof shape === 'number') return resultAt(shape, results);
  return listText(shape.map((item) => shapedText(item, results)));
}

function resultAt(index: number, results: ReadonlyMap<number, JsonText>): JsonText {
  return results.get(index) ?? 'null';
}

/**
 * Reads a shape.
 * @throws {TqError} `poison` when it is none of a chord of this size
 */
export function readShape(value: unknown, size: number): readonly Shape[] {
  if (Array.isArray(value) && value.every((item) => isShape(item, size, MAX_NESTING))) return value as Shape[];
  throw poison(
    'shape of a chord',
    `lists of whole numbers below ${size}, at most ${MAX_NESTING} in one another`,
    value,
  );
}

function isShape(value: unknown, size: number, levels: number): boolean {
  if (Array.isArray(value)) return levels > 0 && value.every((item) => isShape(item, size, levels - 1));
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < size;
}

/** How many steps of a canvas stand in one another at most; what is read step by step is read so often. */
export const MAX_NESTING = 100;
