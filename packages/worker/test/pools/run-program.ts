import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { fixture } from './pool-fixture.js';

/** Runs fixtures/program.js to its end; `lines` are the JSON lines of its standard output. */
export async function runProgram(kind: string, task: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [fileURLToPath(fixture('program.js')), kind, task, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { lines: lines.map((line) => JSON.parse(line) as unknown), stderr, exitCode: exitCode as number | null };
}
