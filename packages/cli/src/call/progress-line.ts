import type { TaskProgress } from '@tq/core';
import { plainText } from '../dead/plain-text.js';

/** Characters of a bar, at most; below the least there is none. */
const BAR = { max: 30, min: 5 } as const;
/** What fills a line anywhere but on a terminal. */
const MESSAGE_LENGTH = 200;
/** Characters that take two columns of a terminal: East Asian ones and emoji (Unicode Standard Annex 11). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** How far a task is, for a log: `42% (21 of 50) reading`. */
export function progressText({ message, ...amounts }: TaskProgress): string {
  return `${amountText(amounts)}${message === undefined ? '' : ` ${plainText(message, MESSAGE_LENGTH)}`}`;
}

/**
 * The same in one line of a terminal, behind a bar where the total is known. In a narrow one the message goes first, then
 * the bar.
 * @param columns of the terminal
 */
export function progressLine({ message, ...amounts }: TaskProgress, columns: number): string {
  const text = amountText(amounts);
  const room = columns - 1 - text.length;
  const line = `${barOf(amounts, room - '[] '.length)}${text}`;
  const left = columns - 2 - line.length;
  return message === undefined || message === '' || left < 2 ? line : `${line} ${fitted(message, left)}`;
}

/** As much of a text as so many columns show. */
function fitted(message: string, columns: number): string {
  let text = plainText(message, columns);
  while (columnsOf(text) > columns) text = `${[...text].slice(0, -2).join('')}…`;
  return text;
}

function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}

function amountText({ done, total }: Omit<TaskProgress, 'message'>): string {
  if (total === undefined) return `${amount(done)} done`;
  return `${Math.floor(share(done, total) * 100)}% (${amount(done)} of ${amount(total)})`;
}

function barOf({ done, total }: Omit<TaskProgress, 'message'>, room: number): string {
  const width = Math.min(BAR.max, room);
  if (total === undefined || width < BAR.min) return '';
  const filled = Math.floor(share(done, total) * width);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] `;
}

/** From 0 to 1: of nothing, all is done. */
function share(done: number, total: number): number {
  return total === 0 ? 1 : Math.min(1, done / total);
}

/** Whole numbers as they are, others to two places. */
function amount(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toFixed(2)));
}
