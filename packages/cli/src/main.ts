import type { Chosen } from './command.js';
import { COMMANDS } from './commands/table.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { Output } from './output.js';
import { UsageError } from './usage.js';
import { readVersion } from './version.js';

/** The program: reads the command line, runs one command, and ends the process with its exit code. */
const words = process.argv.slice(2);
const { stdout, stderr, env } = process;
const output = new Output({ stdout, stderr, env, json: words.includes('--json') });

// A closed pipe means that whoever reads our data has seen enough: `tq tasks | head -1`.
stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? EXIT.ok : EXIT.failed));
// Nobody listens to what is said beside the data; the exit code tells all the same.
stderr.on('error', () => undefined);

const exitCode = await main();
await output.flush();
// A task file may have left timers or sockets that keep the process alive.
process.exit(exitCode);

async function main(): Promise<number> {
  try {
    if (words.length === 1 && words[0] === '--version') {
      output.print(readVersion());
      return EXIT.ok;
    }
    return await runCommand(words[0] === 'help' ? [...words.slice(1), '--help'] : words);
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    output.error(error, error instanceof UsageError ? helpHint(error) : undefined);
    return exitCodeOf(error);
  }
}

async function runCommand(line: readonly string[]): Promise<number> {
  // No option of `tq` itself takes a value, so the first word that is none is the command.
  const name = line.find((word) => !word.startsWith('-'));
  const [chosen, { parse }] = await Promise.all([choose(name), import('./parse.js')]);
  const parsed = await parse(line, { entries: COMMANDS, chosen, version: readVersion() });
  if (parsed.kind === 'run' && chosen !== undefined) return chosen.command.run(parsed.arguments, output);
  if (parsed.kind === 'print') output.print(parsed.text);
  return EXIT.ok;
}

async function choose(name: string | undefined): Promise<Chosen | undefined> {
  const entry = COMMANDS.find((candidate) => candidate.name === name);
  return entry === undefined ? undefined : { entry, command: await entry.load() };
}

function helpHint({ command }: UsageError): string {
  return `Run 'tq ${command === undefined ? '' : `${command} `}--help' for what there is.`;
}
