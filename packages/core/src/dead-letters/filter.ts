import { TqError } from '../errors.js';
import { refuseUnknownKeys, requireInteger, requireOneOf } from '../options-check.js';
import { DEAD_LETTER_REASONS, type DeadLetter } from '../protocol/dead-letter.js';
import type { DeadLetterReason } from '../protocol/names.js';
import { type Duration, parseDuration } from '../time/duration.js';

/** Which dead letters are meant: those that fit all that is said. */
export interface DeadLetterFilter {
  /**
   * Queues that they died in, without the app's prefix; `tq.delay.dead` is that of delayed messages whose queue was gone.
   * Default: those of the app's tasks and options, and `tq.delay.dead`.
   */
  readonly queues?: readonly string[] | undefined;
  /** Name of the task; `*` stands for any characters and `?` for one. */
  readonly task?: string | undefined;
  /** Why they died: one of these. */
  readonly reason?: DeadLetterReason | readonly DeadLetterReason[] | undefined;
  /** What the error's name and text contain, or fit. */
  readonly error?: string | RegExp | undefined;
  /** One of these ids. */
  readonly id?: string | readonly string[] | undefined;
  /** Died before that long ago. What does not say when it died fits no age. */
  readonly olderThan?: Duration | undefined;
  /** Died since that long ago. */
  readonly newerThan?: Duration | undefined;
  /** The first so many, from 1 on. Default: all. */
  readonly limit?: number | undefined;
}

/** A filter, checked. */
export interface Selection {
  /** Without prefix; undefined for all that the app has. */
  readonly queues: readonly string[] | undefined;
  readonly limit: number;
  fits(letter: DeadLetter): boolean;
}

export const FILTER_KEYS = [
  'queues',
  'task',
  'reason',
  'error',
  'id',
  'olderThan',
  'newerThan',
  'limit',
] as const satisfies readonly (keyof DeadLetterFilter)[];

type Test = (letter: DeadLetter) => boolean;

/**
 * Reads a filter.
 * @param now ms since the epoch
 * @throws {TqError} `invalid-option`, `unknown-option`
 */
export function selectionOf(filter: DeadLetterFilter, now: number): Selection {
  refuseUnknownKeys(filter, FILTER_KEYS, 'dead letters');
  const { queues, task, reason, error, id, olderThan, newerThan, limit } = filter;
  const tests: Test[] = [];
  if (task !== undefined) tests.push(taskTest(requireText(task, 'task')));
  if (reason !== undefined) tests.push(reasonTest(listOf(reason)));
  if (error !== undefined) tests.push(errorTest(error));
  if (id !== undefined) tests.push(idTest(listOf(id)));
  if (olderThan !== undefined) tests.push(ageTest(now - ageOf(olderThan, 'olderThan'), (died, then) => died <= then));
  if (newerThan !== undefined) tests.push(ageTest(now - ageOf(newerThan, 'newerThan'), (died, then) => died >= then));
  return {
    queues: queues === undefined ? undefined : [...new Set(requireTexts(queues, 'queues'))],
    limit: limit === undefined ? Number.POSITIVE_INFINITY : requireInteger(limit, 'limit', COUNT),
    fits: (letter) => tests.every((test) => test(letter)),
  };
}

const COUNT = { min: 1, max: Number.MAX_SAFE_INTEGER };

function taskTest(glob: string): Test {
  const pattern = glob
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const whole = new RegExp(`^${pattern}$`, 'su');
  return ({ task }) => task !== undefined && whole.test(task);
}

function reasonTest(reasons: readonly DeadLetterReason[]): Test {
  for (const reason of requireTexts(reasons, 'reason')) requireOneOf(reason, 'reason', DEAD_LETTER_REASONS);
  const wanted = new Set<DeadLetterReason | undefined>(reasons);
  return ({ reason }) => wanted.has(reason);
}

function errorTest(wanted: string | RegExp): Test {
  if (!(wanted instanceof RegExp)) {
    const part = requireText(wanted, 'error');
    return ({ error }) => error?.includes(part) === true;
  }
  // A copy without the flags that remember where the last search ended.
  const pattern = new RegExp(wanted.source, wanted.flags.replace(/[gy]/g, ''));
  return ({ error }) => error !== undefined && pattern.test(error);
}

function idTest(ids: readonly string[]): Test {
  const wanted = new Set<string | undefined>(requireTexts(ids, 'id'));
  return ({ id }) => wanted.has(id);
}

function ageTest(then: number, fits: (died: number, then: number) => boolean): Test {
  return ({ time }) => time !== undefined && fits(time.getTime(), then);
}

function ageOf(age: Duration, name: string): number {
  if (typeof age === 'string') return parseDuration(age, name);
  return requireInteger(age, `${name} (ms)`, { min: 0, max: Number.MAX_SAFE_INTEGER });
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function requireTexts(values: unknown, name: string): readonly string[] {
  if (Array.isArray(values) && values.length > 0) return values.map((value) => requireText(value, name));
  throw new TqError('invalid-option', `${name}: expected a list of one text or more, found ${kindOf(values)}.`);
}

function requireText(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new TqError('invalid-option', `${name}: expected a text, found ${kindOf(value)}.`);
}

function kindOf(value: unknown): string {
  if (value === '') return 'an empty one';
  return Array.isArray(value) ? `a list of ${value.length}` : value === null ? 'null' : typeof value;
}
