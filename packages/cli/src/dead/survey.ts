import type { DeadLetter } from '@tq/core';
import { type Column, formatColumns } from '../columns.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { plainText } from './plain-text.js';

/** Dead letters of one kind, counted. What they do not tell is null. */
interface Kind {
  readonly queue: string;
  readonly task: string | null;
  readonly reason: string | null;
  messages: number;
}

const COLUMNS: readonly Column[] = [
  { title: 'QUEUE' },
  { title: 'TASK' },
  { title: 'REASON' },
  { title: 'MESSAGES', numeric: true },
];
const UNKNOWN = '-';
const NAME_LENGTH = 60;

/** Counts dead letters by queue, task and reason, in the order in which the kinds come first. */
async function survey(letters: AsyncIterable<DeadLetter>): Promise<readonly Kind[]> {
  const kinds = new Map<string, Kind>();
  for await (const { queue, task = null, reason = null } of letters) {
    const key = JSON.stringify([queue, task, reason]);
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { queue, task, reason, messages: 1 });
    else kind.messages += 1;
  }
  return [...kinds.values()];
}

/** Prints how many there are of each kind. */
export async function printSurvey(letters: AsyncIterable<DeadLetter>, output: Output): Promise<number> {
  const kinds = await survey(letters);
  if (output.json) output.print(JSON.stringify(kinds));
  else if (kinds.length > 0) output.print(formatKinds(kinds));
  else output.note('there are no dead letters that fit.');
  return EXIT.ok;
}

function formatKinds(kinds: readonly Kind[]): string {
  const rows = kinds.map(({ queue, task, reason, messages }) => [
    ...[queue, task, reason].map((name) => plainText(name ?? UNKNOWN, NAME_LENGTH)),
    String(messages),
  ]);
  return formatColumns(COLUMNS, rows);
}
