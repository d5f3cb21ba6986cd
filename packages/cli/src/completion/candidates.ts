import type { Command, CommandEntry, OptionSpec } from '../command.js';
import { withConfig } from '../config/use-config.js';

/** A word that may stand where the cursor is. */
export interface Candidate {
  readonly word: string;
  readonly describe: string;
}

/** Names that only the app knows; `given` are the options on the line that take text. */
export type NameSource = (
  kind: 'task' | 'queue',
  given: Readonly<Record<string, string>>,
) => Promise<readonly string[]>;

const GLOBAL: readonly Candidate[] = [
  { word: '--help', describe: 'Show help' },
  { word: '--version', describe: 'Show the version' },
];

/**
 * The words that may stand at the end of a command line of `tq`.
 * @param before whole words before it, without `tq`
 * @param partial what there is of it
 */
export async function findCandidates(
  before: readonly string[],
  partial: string,
  entries: readonly CommandEntry[],
  names: NameSource,
): Promise<readonly Candidate[]> {
  const all = await candidatesAt(before, partial, entries, names);
  return all.filter(({ word }) => word.startsWith(partial));
}

async function candidatesAt(
  before: readonly string[],
  partial: string,
  entries: readonly CommandEntry[],
  names: NameSource,
): Promise<readonly Candidate[]> {
  const start = before.findIndex((word) => !word.startsWith('-'));
  if (start === -1) return partial.startsWith('-') ? GLOBAL : [...listed(entries), HELP];
  const [name = '', next] = before.slice(start);
  if (name === HELP.word) return candidatesAt(before.slice(start + 1), partial, entries, () => Promise.resolve([]));
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry?.verbs !== undefined && next === undefined) return [...listed(entry.verbs), ...GLOBAL];
  const verb = entry?.verbs?.find((candidate) => candidate.name === `${name} ${next}`);
  const chosen = verb ?? entry;
  if (chosen === undefined) return [];
  const given = before.slice(start + chosen.name.split(' ').length);
  return candidatesOf(withConfig(await chosen.load()), given, partial, names);
}

const HELP: Candidate = { word: 'help', describe: 'Show the help of a command' };

/** A verb is its last word. */
function listed(entries: readonly CommandEntry[]): readonly Candidate[] {
  return entries.map(({ name, summary }) => ({ word: name.slice(name.lastIndexOf(' ') + 1), describe: summary }));
}

async function candidatesOf(
  { options, positionals }: Command,
  given: readonly string[],
  partial: string,
  names: NameSource,
): Promise<readonly Candidate[]> {
  const { words, pending, isOver, texts } = walk(given, options);
  if (pending !== undefined) return choicesOf(options[pending], '');
  if (!isOver && partial.startsWith('-')) {
    const equals = partial.indexOf('=');
    if (equals === -1) return [...unused(options, given), ...GLOBAL];
    return choicesOf(options[partial.slice(2, equals)], partial.slice(0, equals + 1));
  }
  if (words >= positionals.max || positionals.complete === undefined) return [];
  const { complete } = positionals;
  if (typeof complete !== 'string') return complete.map((word) => ({ word, describe: '' }));
  // After a task's name come its arguments, which only the user knows.
  if (complete === 'task' && words > 0) return [];
  return (await names(complete, texts)).map((word) => ({ word, describe: complete }));
}

/** How many positionals there are, which option waits for its value, whether `--` ends the options, and those with text. */
function walk(given: readonly string[], options: Command['options']) {
  let words = 0;
  let pending: string | undefined;
  let isOver = false;
  const texts: Record<string, string> = {};
  for (const word of given) {
    const [name = '', ...value] = word.slice(2).split('=');
    if (pending !== undefined) {
      texts[pending] = word;
      pending = undefined;
    } else if (isOver || !word.startsWith('-')) words += 1;
    else if (word === '--') isOver = true;
    else if (value.length > 0) texts[name] = value.join('=');
    else if (options[name]?.kind === 'text') pending = name;
  }
  return { words, pending, isOver, texts };
}

function choicesOf(option: OptionSpec | undefined, prefix: string): readonly Candidate[] {
  return (option?.choices ?? []).map((choice) => ({ word: prefix + choice, describe: '' }));
}

function unused(options: Command['options'], given: readonly string[]): readonly Candidate[] {
  const used = new Set(given.map((word) => word.split('=', 1)[0]));
  return Object.entries(options)
    .filter(([name, { many }]) => many || !used.has(`--${name}`))
    .map(([name, { describe }]) => ({ word: `--${name}`, describe }));
}
