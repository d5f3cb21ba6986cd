import type { SchemaIssue } from './standard-schema.js';

/** An issue as an error of tq carries it. */
export interface Issue {
  /** Keys that lead to what does not fit: `[0, 'email']`; symbols by their text. */
  readonly path: readonly (string | number)[];
  /** The library's own words, without the value that was found. */
  readonly message: string;
}

/** Longest texts of one issue, in UTF-16 units. */
const MAX_MESSAGE = 300;
const MAX_PATH = 200;
/** Issues that a text names. */
const MAX_NAMED = 5;
/** A word shorter than this is taken out where it stands in quotes only: it may be part of any other word. */
const MIN_BARE = 4;
const HIDDEN = '…';

/**
 * Reads what a library says of one issue; libraries are user code here, so anything may be anything.
 * @param root what was validated
 */
export function readIssue(issue: SchemaIssue, root: unknown): Issue {
  // Array.from and not map: a library's own kind of array would make another of its kind.
  const path = Array.isArray(issue?.path) ? Array.from(issue.path, keyOf) : [];
  const message = typeof issue?.message === 'string' && issue.message !== '' ? issue.message : 'does not fit';
  return { path: path.map(plainKey), message: cut(withoutValue(message, valueAt(root, path)), MAX_MESSAGE) };
}

/** `args[0].email: Invalid email address; args[1]: …`: the first few of them. */
export function issuesText(root: string, issues: readonly Issue[]): string {
  const named = issues.slice(0, MAX_NAMED).map(({ path, message }) => `${pathText(root, path)}: ${message}`);
  const more = issues.length - named.length;
  return named.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

function pathText(root: string, path: Issue['path']): string {
  return cut(root + path.map(segment).join(''), MAX_PATH);
}

function segment(key: string | number): string {
  if (typeof key === 'number' || /^\d+$/.test(key)) return `[${key}]`;
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function keyOf(part: unknown): PropertyKey {
  const key: unknown = typeof part === 'object' && part !== null ? (part as { key?: unknown }).key : part;
  return typeof key === 'symbol' || typeof key === 'number' ? key : String(key);
}

function plainKey(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? String(key) : key;
}

/** What stands at a path; undefined where nothing does, or where reading it throws. */
function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  try {
    return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], root);
  } catch {
    return undefined;
  }
}

/**
 * Several libraries quote what they found, and errors of tq go to logs, which arguments must not reach. Numbers are taken
 * out where they stand last, since libraries say first what they expected.
 */
function withoutValue(message: string, value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return withoutLast(message, String(value));
  if (typeof value !== 'string' || value === '') return message;
  const hidden = message
    .replaceAll(JSON.stringify(value), `"${HIDDEN}"`)
    .replaceAll(`"${value}"`, `"${HIDDEN}"`)
    .replaceAll(`'${value}'`, `'${HIDDEN}'`);
  return value.length < MIN_BARE ? hidden : hidden.replaceAll(value, HIDDEN);
}

function withoutLast(message: string, digits: string): string {
  const at = message.lastIndexOf(digits);
  return at === -1 ? message : message.slice(0, at) + HIDDEN + message.slice(at + digits.length);
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}${HIDDEN}`;
}
