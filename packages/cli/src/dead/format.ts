import { inspect } from 'node:util';
import type { DeadLetter, DeadLetterMessage } from '@tq/core';
import { decodeEarlierErrors, isReservedHeader, TQ_HEADER } from '@tq/core/internal';
import { type Column, formatColumns } from '../columns.js';
import { maskCredentials } from '../output.js';
import { formatRows } from '../rows.js';
import { plainText } from './plain-text.js';

const COLUMNS: readonly Column[] = [
  { title: 'ID' },
  { title: 'QUEUE' },
  { title: 'TASK' },
  { title: 'REASON' },
  { title: 'TRY', numeric: true },
  { title: 'AGE', numeric: true },
  { title: 'ERROR' },
];
/** What a message does not tell. */
const UNKNOWN = '-';
/** Longest name and error in a table, characters. */
const NAME_LENGTH = 40;
const ERROR_LENGTH = 80;
/** Longest arguments and longest other text where one letter is shown, characters. */
const ARGS_LENGTH = 2_000;
const TEXT_LENGTH = 500;

/** Dead letters as a table, a line each. */
export function formatLetters(letters: readonly DeadLetter[], now: number): string {
  const rows = letters.map(({ id, queue, task, reason, attempt, time, error }) => [
    ...[id, queue, task, reason].map((name) => cell(name, NAME_LENGTH)),
    attempt === undefined ? UNKNOWN : String(attempt),
    time === undefined ? UNKNOWN : formatAge(now - time.getTime()),
    cell(error, ERROR_LENGTH),
  ]);
  return formatColumns(COLUMNS, rows);
}

/** One dead letter, a line for each thing that is known. */
export function formatLetter(letter: DeadLetterMessage, now: number): string {
  const { id, queue, deadQueue, task, reason, error, worker, time, attempt, argsText, kwargsText, size, headers } =
    letter;
  const rows: (readonly [string, string])[] = [
    ['task', cell(task, TEXT_LENGTH)],
    ['queue', `${cell(queue, TEXT_LENGTH)}, now in ${cell(deadQueue, TEXT_LENGTH)}`],
    ['reason', cell(reason, TEXT_LENGTH)],
    ['error', cell(error, ARGS_LENGTH)],
    ['died', time === undefined ? UNKNOWN : `${time.toISOString()}, ${formatAge(now - time.getTime())} ago`],
    ['worker', cell(worker, TEXT_LENGTH)],
    ['try', attempt === undefined ? UNKNOWN : String(attempt)],
    ['arguments', cell(argsText, ARGS_LENGTH)],
  ];
  if (kwargsText !== undefined && kwargsText !== '{}') rows.push(['keywords', cell(kwargsText, ARGS_LENGTH)]);
  rows.push(['size', size === 1 ? '1 byte' : `${size} bytes`]);
  for (const earlier of decodeEarlierErrors(headers[TQ_HEADER.errors])) {
    rows.push([`try ${earlier.attempt}`, plainText(`${earlier.time} ${earlier.error}`, TEXT_LENGTH)]);
  }
  for (const [name, value] of ownHeaders(letter)) {
    rows.push([`header ${plainText(name, NAME_LENGTH)}`, plainText(textOf(value), TEXT_LENGTH)]);
  }
  return formatRows(cell(id, TEXT_LENGTH), rows);
}

/** A dead letter as `--json` has it. */
export function toJson(letter: DeadLetter): object {
  const { id, queue, deadQueue, task, reason, error, worker, time, attempt, argsText, size } = letter;
  return {
    ...{ id: id ?? null, queue, deadQueue, task: task ?? null, reason: reason ?? null },
    error: error === undefined ? null : maskCredentials(error),
    ...{ worker: worker ?? null, time: time?.toISOString() ?? null, attempt: attempt ?? null },
    args: argsText === undefined ? null : maskCredentials(argsText),
    size,
  };
}

/** The same of one that is shown, with what there is no room for in a list. */
export function toFullJson(letter: DeadLetterMessage): object {
  const errors = decodeEarlierErrors(letter.headers[TQ_HEADER.errors]);
  const own = ownHeaders(letter).map(([name, value]) => [
    name,
    typeof value === 'string' ? maskCredentials(value) : value,
  ]);
  return {
    ...toJson(letter),
    kwargs: letter.kwargsText === undefined ? null : maskCredentials(letter.kwargsText),
    errors: errors.map((earlier) => ({ ...earlier, error: maskCredentials(earlier.error) })),
    headers: Object.fromEntries(own),
  };
}

function cell(text: string | undefined, max: number): string {
  return text === undefined ? UNKNOWN : plainText(text, max);
}

/** In the largest unit that there is one of: `45s`, `3m`, `2h`, `6d`. */
function formatAge(ms: number): string {
  const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };
  for (const [unit, length] of Object.entries(units)) {
    if (ms >= length) return `${Math.floor(ms / length)}${unit}`;
  }
  return '0s';
}

/** Those that the caller has given. */
function ownHeaders({ headers }: DeadLetter): (readonly [name: string, value: unknown])[] {
  return Object.entries(headers).filter(([name]) => !isReservedHeader(name));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 4, breakLength: Number.POSITIVE_INFINITY });
}
