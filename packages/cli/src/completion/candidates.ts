import type { Command, CommandEntry, NameKind, OptionSpec } from '../command.js';
import { withConfig } from '../config/use-config.js';

/** A word that may stand where the cursor is. */
export interface Candidate {
  readonly word: string;
  readonly describe: string;
}

/** Names that only the app knows; `given` are the options on the line that take text. */
export type NameSource = (kind: NameKind, given: Readonly<Record<string, string>>) => Promise<readonly string[]>;

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
  const named = async (kind: NameKind, prefix = '') =>
    (await names(kind, texts)).map((name) => ({ word: prefix + name, describe: DESCRIPTIONS[kind] }));
  const valuesOf = async ({ choices = [], complete }: OptionSpec, prefix = '') =>
    complete === undefined
      ? choices.map((choice) => ({ word: prefix + choice, describe: '' }))
      : named(complete, prefix);
  if (pending !== undefined) return valuesOf(pending);
  if (!isOver && partial.startsWith('-')) {
    const equals = partial.indexOf('=');
    if (equals === -1) return [...unused(options, given), ...GLOBAL];
    const option = options[partial.slice(2, equals)];
    return option === undefined ? [] : valuesOf(option, partial.slice(0, equals + 1));
  }
  if (words >= positionals.max || positionals.complete === undefined) return [];
  const { complete } = positionals;
  if (typeof complete !== 'string') return complete.map((word) => ({ word, describe: '' }));
  // After a task's name come its arguments, which only the user knows.
  return complete === 'task' && words > 0 ? [] : named(complete);
}

const DESCRIPTIONS: Readonly<Record<NameKind, string>> = { task: 'task', queue: 'queue', 'task-queue': 'queue' };

/** How many positionals there are, which option waits for its value, whether `--` ends the options, and those with text. */
function walk(given: readonly string[], options: Command['options']) {
  let words = 0;
  let pendingName: string | undefined;
  let isOver = false;
  const texts: Record<string, string> = {};
  for (const word of given) {
    const [name = '', ...value] = word.slice(2).split('=');
    if (pendingName !== undefined) {
      texts[pendingName] = word;
      pendingName = undefined;
    } else if (isOver || !word.startsWith('-')) words += 1;
    else if (word === '--') isOver = true;
    else if (value.length > 0) texts[name] = value.join('=');
    else if (options[name]?.kind === 'text') pendingName = name;
  }
  const pending = pendingName === undefined ? undefined : options[pendingName];
  return { words, pending, isOver, texts };
}

function unused(options: Command['options'], given: readonly string[]): readonly Candidate[] {
  const used = new Set(given.map((word) => word.split('=', 1)[0]));
  return Object.entries(options)
    .filter(([name, { many }]) => many || !used.has(`--${name}`))
    .map(([name, { describe }]) => ({ word: `--${name}`, describe }));
}
