import type { Chosen } from './command.js';
import { COMMANDS } from './commands/table.js';
import { COMPLETE } from './completion/shell.js';
import { useConfig, withConfig } from './config/use-config.js';
import { EXIT } from './exit-codes.js';
import type { Output } from './output.js';
import { readVersion } from './version.js';

/**
 * Runs one command line of `tq`, the words after `tq`.
 * @returns the exit code
 * @throws what `exitCodeOf` has a code for
 */
export async function runLine(words: readonly string[], output: Output): Promise<number> {
  if (words.length === 1 && words[0] === '--version') {
    output.print(readVersion());
    return EXIT.ok;
  }
  if (words[0] === COMPLETE) {
    const { complete } = await import('./completion/complete.js');
    for (const candidate of await complete(words.slice(1), COMMANDS)) output.print(candidate);
    return EXIT.ok;
  }
  return runCommand(words[0] === 'help' ? [...words.slice(1), '--help'] : words, output);
}

async function runCommand(line: readonly string[], output: Output): Promise<number> {
  // No option of `tq` itself takes a value, so the first word that is none is the command.
  const start = line.findIndex((word) => !word.startsWith('-'));
  const [chosen, { parse }] = await Promise.all([choose(line[start], line[start + 1]), import('./parse.js')]);
  const parsed = await parse(line, { entries: COMMANDS, chosen, version: readVersion() });
  if (parsed.kind === 'run' && chosen !== undefined) {
    await useConfig(chosen.command, parsed.arguments, process.cwd());
    return chosen.command.run(parsed.arguments, output);
  }
  if (parsed.kind === 'print') output.print(parsed.text);
  return EXIT.ok;
}

async function choose(name: string | undefined, next: string | undefined): Promise<Chosen | undefined> {
  const first = COMMANDS.find((candidate) => candidate.name === name);
  const entry = first?.verbs?.find((verb) => verb.name === `${name} ${next}`) ?? first;
  return entry === undefined ? undefined : { entry, command: withConfig(await entry.load()) };
}
