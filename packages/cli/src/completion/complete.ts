import { setTimeout } from 'node:timers/promises';
import type { CommandEntry } from '../command.js';
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

/** Loads the task file, as a worker here would; what it prints is not for the shell. */
const loadNames: NameSource = async (kind) => {
  const { loadApp } = await import('@tq/worker/internal');
  const write = process.stdout.write;
  process.stdout.write = () => true;
  try {
    const loaded = await Promise.race([loadApp(undefined, process.cwd()), setTimeout(LOAD_LIMIT_MS)]);
    const tasks = loaded?.tasks ?? [];
    if (kind === 'task') return tasks.map(({ name }) => name);
    return [...new Set(tasks.flatMap(({ queue }) => queue ?? []))];
  } finally {
    process.stdout.write = write;
  }
};
