import { EXIT, exitCodeOf } from './exit-codes.js';
import { Output } from './output.js';
import { UsageError } from './usage.js';

/**
 * Runs a program of this package on the streams of the process, and ends the process with its exit code.
 * @param run gives the exit code; what it throws is shown and has a code of its own
 */
export async function runProgram(
  words: readonly string[],
  run: (words: readonly string[], output: Output) => Promise<number>,
): Promise<never> {
  const { stdout, stderr, env } = process;
  const output = new Output({ stdout, stderr, env, json: words.includes('--json') });
  // A closed pipe means that whoever reads our data has seen enough: `tq tasks | head -1`.
  stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? EXIT.ok : EXIT.failed));
  // Nobody listens to what is said beside the data; the exit code tells all the same.
  stderr.on('error', () => undefined);
  const exitCode = await run(words, output).catch((thrown: unknown) => showFailure(thrown, output));
  await output.flush();
  // A task file may have left timers or sockets that keep the process alive.
  process.exit(exitCode);
}

/** Says what a command failed with; gives the exit code for it. */
export function showFailure(thrown: unknown, output: Output): number {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  output.error(error, error instanceof UsageError ? helpHint(error) : undefined);
  return exitCodeOf(error);
}

function helpHint({ command }: UsageError): string {
  return `Run 'tq ${command === undefined ? '' : `${command} `}--help' for what there is.`;
}
