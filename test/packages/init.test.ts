/**
 * The project that `tq init` writes, installed from tarballs and run by the words of its own README. Third-party packages
 * come from npm's registry.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../scripts/ports.js';
import { installPacked, packedPackages, typeLine, userEnvironment } from '../support/packed.js';
import { runTq } from '../support/tq-process.js';

let parent: string;
let folder: string;
let readme: string;

beforeAll(async () => {
  parent = realpathSync(mkdtempSync(join(tmpdir(), 'tq-init-')));
  folder = join(parent, 'first-steps');
  expect(await runTq(['init', 'first-steps'], { cwd: parent })).toMatchObject({ code: 0 });
  readme = readFileSync(join(folder, 'README.md'), 'utf8');
  await installPacked(folder, packedPackages());
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

/** The command lines of the README that have all of these words. */
function linesWith(...words: readonly string[]): string[] {
  const lines = [...readme.matchAll(/`([^`\n]+)`|^(npm .+?)(?: {3,}#.*)?$/gm)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  return lines.filter((line) => words.every((word) => line.includes(word)));
}

it('says npm install, npm run dev and npm start', () => {
  expect([linesWith('npm install'), linesWith('npm run dev')[0], linesWith('npm start')[0]]).toEqual([
    ['npm install'],
    'npm run dev',
    'npm start',
  ]);
});

it('type-checks, and says what is wrong when a caller passes text for a number', { timeout: 60_000 }, async () => {
  const [check = ''] = linesWith('npm run check');
  await typeLine(check, folder);
  const path = join(folder, 'src/call.ts');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace('30', "'30'"));
  await expect(typeLine(check, folder)).rejects.toThrow("'string' is not assignable to parameter of type 'number'");
  writeFileSync(path, text);
});

it("runs a broker, a worker and a call by the README's words, and ends at Ctrl-C", { timeout: 60_000 }, async () => {
  const port = String(await freePort());
  const [dev, start] = linesWith('5673').map((line) => line.replace('5673', port));
  const session = await startDev(String(dev));
  try {
    expect(await typeLine(String(start), folder)).toMatch(/^fib\(30\) = 832040$/m);
  } finally {
    session.interrupt();
  }
  const log = await session.ended;
  expect(log).toMatch(/"signal":"SIGINT".*stopping: waits/);
  // npm passes on the Ctrl-C that the whole group has had.
  expect(log).not.toContain('stopping now');
  expect(log).toMatch(/"name":"broker","msg":"stopped"/);
});

/** Starts a line as in a terminal of its own, and resolves when a worker consumes. */
async function startDev(line: string): Promise<{ interrupt(): void; readonly ended: Promise<string> }> {
  const env = userEnvironment();
  const child = spawn('sh', ['-c', line], { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed: string[] = [];
  const ended = once(child, 'close').then(() => printed.join('\n'));
  await Promise.race([readyLine(child, printed), ended.then((log) => Promise.reject(new Error(log)))]);
  return { interrupt: () => void process.kill(-Number(child.pid), 'SIGINT'), ended };
}

function readyLine({ stdout, stderr }: ChildProcess, printed: string[]): Promise<void> {
  return new Promise((resolve) => {
    for (const stream of [stdout, stderr]) {
      if (stream === null) throw new Error('expected pipes');
      createInterface({ input: stream }).on('line', (line) => {
        printed.push(line);
        if (line.includes('ready: consuming')) resolve();
      });
    }
  });
}
