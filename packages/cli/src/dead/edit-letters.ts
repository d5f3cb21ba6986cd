import type { App, DeadLetter, DeadLetterFilter, DeadLetterMessage, DeadLetterRetryReport } from '@tq/core';
import { argsTextOf, deadLetterQueue, delayDeadQueue, internalsOf, toError } from '@tq/core/internal';
import type { Output } from '../output.js';
import { canAsk, wanted } from '../queues/confirm.js';
import { type Edited, editJson } from './edit-json.js';
import { EditorError, editText } from './editor.js';
import { indentJson } from './indent-json.js';
import { plainText } from './plain-text.js';

/** How letters are edited. */
export interface EditingOptions {
  readonly filter: DeadLetterFilter;
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** Command line of the editor. */
  readonly editor: string;
  readonly output: Output;
}

/** What came of editing letters and putting them back. */
export interface EditReport extends DeadLetterRetryReport {
  /** How many of those that were skipped have arguments that will not do, and nobody to ask again. */
  readonly refused: number;
}

type End = 'moved' | 'returned' | 'skipped' | 'refused';

/**
 * Has a person edit one letter after the other and puts each back before the next. Nothing is held while somebody edits:
 * the broker would take it back after a while, and others could not look. So each letter is looked up again, by its id.
 * @throws {EditorError} which ends it; what was edited before is moved
 */
export async function editLetters(app: App, options: EditingOptions): Promise<EditReport> {
  const letters = await namesOf(app.deadLetters.list(options.filter, { timeout: options.timeout }));
  const ends: Record<End, number> = { moved: 0, returned: 0, skipped: 0, refused: 0 };
  for (const letter of letters) {
    if (options.signal.aborted) break;
    const end = await editOne(app, letter, options);
    if (end !== undefined) ends[end] += 1;
  }
  const { moved, returned, refused } = ends;
  const skipped = ends.skipped + refused;
  return { matched: letters.length, moved, returned, skipped, aborted: options.signal.aborted, refused };
}

type Name = Pick<DeadLetter, 'id' | 'deadQueue'>;

/** Each id of a queue once. */
async function namesOf(letters: AsyncIterable<DeadLetter>): Promise<readonly Name[]> {
  const names = new Map<unknown, Name>();
  for await (const { id, deadQueue } of letters) names.set(id ?? Symbol(), { id, deadQueue });
  return [...names.values()];
}

/** @returns undefined when it was called off by a signal */
async function editOne(app: App, { id, deadQueue }: Name, options: EditingOptions): Promise<End | undefined> {
  const { timeout, output, signal } = options;
  const place = { queues: [filterName(deadQueue)] };
  const letter = id === undefined ? undefined : await app.deadLetters.show(id, place, { timeout });
  if (id === undefined || letter?.argsText === undefined) {
    const what = id === undefined ? `a message without an id in ${deadQueue}` : `the message ${plainText(id, 60)}`;
    output.note(
      `${what} ${letter === undefined && id !== undefined ? 'is gone' : 'has no arguments to edit'}: skipped.`,
    );
    return 'skipped';
  }
  try {
    const edited = await edit(app, letter, letter.argsText, options);
    if (edited.kind === 'skipped') return edited.refused ? 'refused' : 'skipped';
    const change = edited.kind === 'changed' ? { argsText: edited.text } : undefined;
    const filter = { ...place, id, limit: 1 };
    const { moved, returned } = await app.deadLetters.retry(filter, { timeout, edit: () => change });
    return moved > 0 ? 'moved' : returned > 0 ? 'returned' : 'skipped';
  } catch (error) {
    // A Ctrl-C at the terminal ends the editor too.
    if (error instanceof EditorError && signal.aborted) return undefined;
    throw error;
  }
}

/** The queue of dead letters as a filter names it. */
function filterName(deadQueue: string): string {
  return deadQueue === delayDeadQueue('') ? deadQueue : deadQueue.slice(0, -deadLetterQueue('').length);
}

async function edit(
  app: App,
  letter: DeadLetterMessage,
  argsText: string,
  { editor, output, signal }: EditingOptions,
): Promise<Edited & { readonly refused?: boolean }> {
  const { registry, options } = internalsOf(app);
  let refused = false;
  const check = async (text: string) => {
    try {
      await argsTextOf(letter, { argsText: text }, { registry, preset: options.preset });
      return undefined;
    } catch (error) {
      return toError(error).message;
    }
  };
  const again = async (problem: string) => {
    output.note(problem);
    refused = !canAsk();
    return !refused && wanted('Edit again?', signal);
  };
  const about = describe(letter);
  const edited = await editJson(
    { text: indentJson(argsText), about, check },
    { edit: (text) => editText(text, FILE, editor), again },
  );
  return { ...edited, refused };
}

const FILE = 'arguments.json';
const LINE_LENGTH = 200;

function describe({ id, queue, task, reason, error, kwargsText }: DeadLetterMessage): readonly string[] {
  const lines = [`Arguments of ${task} ${id}, which died in ${queue}${reason === undefined ? '' : `: ${reason}`}`];
  if (error !== undefined) lines.push(error);
  if (kwargsText !== undefined && kwargsText !== '{}') lines.push(`Keyword arguments, which stay: ${kwargsText}`);
  const words = 'Left as it is, it goes back unchanged; emptied, it stays where it is. Lines like these are left out.';
  return [...lines.map((line) => plainText(line, LINE_LENGTH)), words];
}
