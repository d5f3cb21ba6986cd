import { TqError } from '../errors.js';
import { type Range, requireInteger, requireOneOf } from '../options-check.js';
import { parseDuration, printDuration } from '../time/duration.js';
import { parseByteSize, printByteSize } from './byte-size.js';
import type { Option, OptionSpec } from './option.js';

/** The value of an option: undefined is one only where there is no default. */
type ValueOf<T, Spec> = Spec extends { readonly default: unknown } ? T : T | undefined;

/** A text, not empty unless told. */
export function text<Spec extends OptionSpec<string> & { readonly mayBeEmpty?: boolean }>(
  spec: Spec,
): Option<ValueOf<string, Spec>> {
  const check = (value: unknown, name: string) => {
    if (typeof value === 'string' && (value !== '' || spec.mayBeEmpty)) return value;
    throw spec.secret === undefined ? invalid(name, 'a text', value) : unshown(name);
  };
  return option(spec, { kind: 'text', range: '', read: same, check, print: String });
}

/** A whole number. */
export function integer<Spec extends OptionSpec<number> & Range>(spec: Spec): Option<ValueOf<number, Spec>> {
  const read = (given: string) => (/^-?\d+$/.test(given) ? Number(given) : `'${given}'`);
  const check = (value: unknown, name: string) => requireInteger(value, name, spec);
  return option(spec, { kind: 'integer', range: rangeText(spec, String), read, check, print: String });
}

/** Milliseconds, or a text such as `10s`. */
export function duration<Spec extends OptionSpec<number> & Range>(spec: Spec): Option<ValueOf<number, Spec>> {
  const check = (value: unknown, name: string) => {
    if (typeof value !== 'string') return requireInteger(value, `${name} (ms)`, spec);
    const ms = /^\d+$/.test(value) ? Number(value) : parseDuration(value, name);
    return requireInteger(ms, `${name} (ms)`, spec);
  };
  return option(spec, {
    kind: 'duration',
    range: rangeText(spec, printDuration),
    read: same,
    check,
    print: printDuration,
  });
}

/** Bytes, or a text such as `200mb`. */
export function bytes<Spec extends OptionSpec<number> & Range>(spec: Spec): Option<ValueOf<number, Spec>> {
  const check = (value: unknown, name: string) =>
    requireInteger(typeof value === 'string' ? parseByteSize(value, name) : value, `${name} (bytes)`, spec);
  return option(spec, {
    kind: 'bytes',
    range: rangeText(spec, printByteSize),
    read: same,
    check,
    print: printByteSize,
  });
}

/** One of a few words. */
export function words<const Word extends string, Spec extends OptionSpec<NoInfer<Word>>>(
  known: readonly Word[],
  spec: Spec,
): Option<ValueOf<Word, Spec>> {
  const check = (value: unknown, name: string) => requireOneOf(value, name, known);
  return option(spec, { kind: 'words', range: known.join(' or '), words: known, read: same, check, print: String });
}

/** Texts; one by itself is a list too, and a variable or a flag has commas between them. */
export function list<Spec extends OptionSpec<readonly string[]> & { readonly expected: string }>(
  spec: Spec,
): Option<ValueOf<readonly string[], Spec>> {
  const read = (given: string) => given.split(',').map((part) => part.trim());
  const check = (value: unknown, name: string): readonly string[] => {
    const texts: unknown = typeof value === 'string' ? [value] : value;
    if (Array.isArray(texts) && texts.length > 0 && texts.every((one) => typeof one === 'string' && one !== ''))
      return texts;
    throw new TqError('invalid-option', `${name}: expected at least one ${spec.expected}, found none.`);
  };
  return option(spec, { kind: 'list', range: '', read, check, print: (value) => value.join(',') });
}

const YES = ['true', '1', 'yes', 'on'];
const NO = ['false', '0', 'no', 'off'];

/** On or off. */
export function flag<Spec extends OptionSpec<boolean>>(spec: Spec): Option<ValueOf<boolean, Spec>> {
  const read = (given: string) => (YES.includes(given) ? true : NO.includes(given) ? false : given);
  const check = (value: unknown, name: string) => {
    if (typeof value === 'boolean') return value;
    throw invalid(name, 'true or false', value);
  };
  return option(spec, { kind: 'flag', range: '', read, check, print: String });
}

/** What only a program can pass; whoever uses it checks it. */
export function program<T>(spec: Pick<OptionSpec<T>, 'describe' | 'defaultText'>): Option<T | undefined> {
  return option(spec, { kind: 'program', range: '', read: same, check: (value) => value as T, print: () => '(set)' });
}

/** A value of a shape of its own, with its own reading and checking. */
export function custom<T, Spec extends OptionSpec<T>>(
  spec: Spec,
  own: Pick<Option<T>, 'kind' | 'range' | 'read' | 'check' | 'print'>,
): Option<ValueOf<T, Spec>> {
  return option(spec, own);
}

/** @throws {TqError} `invalid-option` */
export function invalid(name: string, expected: string, found: unknown): TqError {
  return new TqError('invalid-option', `${name}: expected ${expected}, found ${describeFound(found)}.`);
}

function unshown(name: string): TqError {
  return new TqError('invalid-option', `${name}: expected a text that is not empty, found something else.`);
}

function describeFound(value: unknown): string {
  if (value === '') return 'an empty text';
  if (typeof value === 'string') return `'${value}'`;
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value);
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}

function option<T, Spec>(
  spec: Spec & OptionSpec<T>,
  own: Pick<Option<T>, 'kind' | 'range' | 'words' | 'read' | 'check' | 'print'>,
): Option<ValueOf<T, Spec>> {
  return { ...spec, ...own } as Option<ValueOf<T, Spec>>;
}

function same(given: string): string {
  return given;
}

/** The largest number that an option without a limit of its own takes. */
export const NO_LIMIT = Number.MAX_SAFE_INTEGER;
/** The longest that a timer of Node.js takes, ms: no limit to a person. */
const LONGEST_TIMER = 2_147_483_647;

function rangeText({ min, max }: Range, print: (value: number) => string): string {
  if (max < LONGEST_TIMER) return `${print(min)} to ${print(max)}`;
  return min > 1 ? `${print(min)} or more` : '';
}
