import type { HeaderValue } from '../protocol/message.js';

/** What a broker finds different about a declaration: one thing at a time. */
export interface Inequivalence {
  /** An argument (`x-max-length`), or `durable`, `auto_delete`, `internal`, `type`. */
  readonly argument: string;
  /** What was asked for; undefined for nothing. */
  readonly wanted: HeaderValue;
  /** What is there; undefined for nothing. */
  readonly found: HeaderValue;
}

const PATTERN = /inequivalent arg '([^']+)' for .*: received (.+) but current is (.+?)"?$/s;
const TYPED = /^the value '(.*)' of type '([^']+)'$/s;
const BARE = /^'(.*)'$/s;
const TEXTS = new Set(['longstr', 'shortstr', 'binary']);

/**
 * Reads the text of a 406 PRECONDITION_FAILED about something that exists with other properties.
 * @returns undefined when it is about something else
 */
export function parseInequivalence(text: string): Inequivalence | undefined {
  const [, argument, wanted, found] = PATTERN.exec(text) ?? [];
  if (argument === undefined || wanted === undefined || found === undefined) return undefined;
  return { argument, wanted: readValue(wanted), found: readValue(found) };
}

/** A value without its type is as much as the text says of both sides where they are of one kind. */
function readValue(text: string): HeaderValue {
  if (text === 'none') return undefined;
  const [, typed, type = ''] = TYPED.exec(text) ?? [];
  if (typed !== undefined) return TEXTS.has(type) ? typed : readBare(typed);
  return readBare(BARE.exec(text)?.[1] ?? text);
}

function readBare(text: string): HeaderValue {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}
