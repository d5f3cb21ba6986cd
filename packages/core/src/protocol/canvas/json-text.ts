/**
 * JSON that is taken apart and put together without being read. What a canvas hands on goes through a worker's parent as
 * text, byte for byte: as values, Python's large integers and the typed forms would not come out as they went in.
 */
import { poison } from '../poison.js';

/** The text of one JSON value. */
export type JsonText = string;

/**
 * Reads a text as JSON, for whoever is to take it apart.
 * @param what it is, for the error text
 * @throws {TqError} `poison` when it is none
 */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw poison(what, 'JSON', `text that does not parse as it`);
  }
}

/**
 * The items of a list, each as it stands there.
 * @param text known to be JSON; of anything else what comes is of no use, and nothing worse
 * @throws {TqError} `poison` when it is no list
 */
export function itemsOf(text: JsonText, what: string): JsonText[] {
  const from = start(text);
  if (text[from] !== '[') throw poison(what, 'a list', kindOf(text));
  const items: JsonText[] = [];
  let at = from + 1;
  while (at < text.length) {
    const end = endOfValue(text, at);
    const item = text.slice(at, end).trim();
    if (item !== '') items.push(item);
    if (text[end] !== ',') break;
    at = end + 1;
  }
  return items;
}

/**
 * What stands in a list behind its first so many items, so that only those are looked at; empty when nothing does.
 * @param text as of `itemsOf`
 * @throws {TqError} `poison` when it is no list
 */
export function restOf(text: JsonText, count: number, what: string): string {
  let at = start(text);
  if (text[at] !== '[') throw poison(what, 'a list', kindOf(text));
  for (let item = 0; item < count; item++) {
    at = endOfValue(text, at + 1);
    if (text[at] !== ',') return '';
  }
  return text.slice(at + 1, text.lastIndexOf(']'));
}

/**
 * The fields of an object, each value as it stands there; of two with one key the later, as everybody reads them.
 * @param text as of `itemsOf`
 * @throws {TqError} `poison` when it is no object
 */
export function fieldsOf(text: JsonText, what: string): Map<string, JsonText> {
  const from = start(text);
  if (text[from] !== '{') throw poison(what, 'an object', kindOf(text));
  const fields = new Map<string, JsonText>();
  let at = text.indexOf('"', from);
  while (at !== -1) {
    const end = endOfString(text, at);
    const colon = text.indexOf(':', end);
    if (colon === -1) break;
    const next = endOfValue(text, colon + 1);
    fields.set(keyOf(text.slice(at, end)), text.slice(colon + 1, next).trim());
    if (text[next] !== ',') break;
    at = text.indexOf('"', next);
  }
  return fields;
}

/** A list of these values. */
export function listText(items: readonly JsonText[]): JsonText {
  return `[${items.join(',')}]`;
}

/** The list with this value before all others. */
export function prepend(value: JsonText, list: JsonText): JsonText {
  const rest = list.slice(list.indexOf('[') + 1);
  return rest.trim() === ']' ? `[${value}]` : `[${value},${rest}`;
}

function start(text: string): number {
  let at = 0;
  while (at < text.length && text.charCodeAt(at) <= SPACE) at++;
  return at;
}

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

function keyOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  return String(parseJson(quoted, 'key of an object'));
}

/** Where the value ends that begins at `from` or after blanks: at the comma or bracket behind it. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at) - 1;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth++;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        if (depth === 0) return at;
        depth--;
        break;
      case COMMA:
        if (depth === 0) return at;
    }
  }
  return text.length;
}

/** The place behind the string that begins at `from`. */
function endOfString(text: string, from: number): number {
  let end = text.indexOf('"', from + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let from = at;
  while (text[from - 1] === '\\') from--;
  return (at - from) % 2 === 1;
}

/** Names the kind of what was found, never the value: it may be an argument. */
function kindOf(text: JsonText): unknown {
  switch (text[start(text)]) {
    case '[':
      return [];
    case '{':
      return {};
    case 'n':
      return null;
    case '"':
      return 'text';
    case undefined:
      return undefined;
    default:
      return 'a number or a boolean';
  }
}
