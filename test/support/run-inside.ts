/** A command line of `tq` in the process of the test: for what needs no process of its own, which takes time to start. */
import { Writable } from 'node:stream';
import { setConfigValues } from '@tq/core/internal';
import { Output } from '../../packages/cli/src/output.js';
import { showFailure } from '../../packages/cli/src/program.js';
import { runLine } from '../../packages/cli/src/run-line.js';

/** How it ended, and what it printed. */
export interface InsideEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one line to its end in a folder, with these `TQ_*` variables and no others. */
export async function runInside(
  words: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<InsideEnd> {
  const [stdout, stderr] = [new Kept(), new Kept()];
  const output = new Output({ stdout, stderr, env: {}, json: words.includes('--json') });
  const before = { folder: process.cwd(), env: process.env };
  const inherited = Object.entries(before.env).filter(([name]) => !/^(?:TQ|npm)_/.test(name));
  setConfigValues(undefined);
  process.chdir(cwd);
  process.env = { ...Object.fromEntries(inherited), ...env };
  try {
    const code = await runLine(words, output).catch((thrown: unknown) => showFailure(thrown, output));
    return { code, stdout: stdout.text, stderr: stderr.text };
  } finally {
    process.chdir(before.folder);
    process.env = before.env;
    setConfigValues(undefined);
  }
}

class Kept extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}
