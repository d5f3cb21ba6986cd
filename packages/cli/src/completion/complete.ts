import { setTimeout } from 'node:timers/promises';
import type { Logger } from '@tq/core/internal';
import { Arguments } from '../arguments.js';
import type { CommandEntry, NameKind } from '../command.js';
import { useConfig } from '../config/use-config.js';
import { shellWord } from '../shell-word.js';
import { type Candidate, findCandidates, type NameSource } from './candidates.js';

/** A task file that takes longer keeps its names for itself, ms. */
const LOAD_LIMIT_MS = 3_000;

/**
 * Answers the script of a shell, `SHELL -- WORDS… PARTIAL`, with one candidate a line; with nothing when anything is
 * wrong, since a person is typing.
 */
export async function complete(words: readonly string[], entries: readonly CommandEntry[]): Promise<readonly string[]> {
  const [shell = '', , ...typed] = words;
  try {
    return await answer(shell, typed, entries);
  } catch {
    return [];
  }
}

async function answer(shell: string, typed: readonly string[], entries: readonly CommandEntry[]): Promise<string[]> {
  const { whole, broken } = shell === 'bash' ? mendWords(typed) : { whole: typed, broken: 0 };
  const partial = whole.at(-1) ?? '';
  const found = await findCandidates(whole.slice(0, -1), partial, entries, loadNames);
  return found
    .filter(({ word }) => !/\p{Cc}/u.test(word))
    .map((candidate) => FORMATS[shell]?.(candidate, broken) ?? '');
}

/** What each shell reads. Bash replaces only what follows the last `=` or `:`, where it has broken the word. */
const FORMATS: Readonly<Record<string, (candidate: Candidate, broken: number) => string>> = {
  bash: ({ word }, broken) => shellWord(word.slice(broken)),
  zsh: ({ word, describe }) => `${word.replaceAll(':', '\\:')}${describe === '' ? '' : `:${describe}`}`,
  fish: ({ word, describe }) => (describe === '' ? word : `${word}\t${describe}`),
};

/** Bash breaks words at `=` and `:` (COMP_WORDBREAKS): `--pool=as` comes as three. */
function mendWords(words: readonly string[]): { readonly whole: readonly string[]; readonly broken: number } {
  const whole: string[] = [];
  let isOpen = false;
  let broken = 0;
  for (const word of words) {
    const isBreak = /^[=:]+$/.test(word);
    const before = (isBreak || isOpen) && whole.length > 0 ? (whole.pop() ?? '') : '';
    whole.push(before + word);
    broken = isBreak ? before.length + word.length : before.length;
    isOpen = isBreak;
  }
  return { whole, broken };
}

/** Loads config and task file as the command that is being typed would. */
const loadNames: NameSource = async (kind, given) => {
  const loaded = namesOf(kind, new Arguments(kind, [], given));
  return (await Promise.race([loaded, setTimeout(LOAD_LIMIT_MS)])) ?? [];
};

async function namesOf(kind: NameKind, args: Arguments): Promise<readonly string[]> {
  await useConfig({}, args, process.cwd());
  if (kind !== 'task') {
    const { openQueuesApp } = await import('../queues/open-app.js');
    const opened = await openQueuesApp(args, SILENT);
    return kind === 'queue' ? opened.queues : opened.taskQueues;
  }
  return (await (await import('../open-app.js')).loadTasks(args)).tasks.map(({ name }) => name);
}

const nothing = () => undefined;
const SILENT: Logger = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
