import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOOLS } from '../../scripts/run.js';
import { packedPackages, packedProject } from '../support/packed.js';
import { startTq } from '../support/tq-process.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NAMES = ['@tq/core', '@tq/worker', '@tq/broker', '@tq/cli'];

const packed = packedPackages();

function tarball(name: string): string {
  const file = packed.get(name);
  if (file === undefined) throw new Error(`expected a tarball of ${name}, found none`);
  return file;
}

/** Runs a tool of the workspace; what it says when it fails is the error's. */
async function tool(name: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(join(ROOT, 'node_modules', '.bin', name), args).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`${name} found:\n${error.stdout}${error.stderr}`);
    },
  );
  return stdout;
}

describe.each(NAMES)('the tarball of %s', (name) => {
  it('has what publint asks for', async () => {
    expect(await tool('publint', 'run', tarball(name), '--strict')).toContain('All good!');
  });

  it('gives its types to whoever imports it', async () => {
    await tool('attw', tarball(name), '--profile', 'esm-only', '--no-emoji');
  });

  it('holds the built package with licence and readme, and nothing that is of no use to its users', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball(name)]);
    const files = stdout.trim().split('\n');
    expect(files).toContain('package/LICENSE');
    expect(files).toContain('package/README.md');
    expect(files.filter((file) => !/^package\/((dist|src|bin)\/.*\.[cm]?[jt]s(\.map)?|[^/]+)$/.test(file))).toEqual([]);
    expect(files.filter((file) => /\/\.|\.test\./.test(file))).toEqual([]);
  });

  it('asks for the packages of tq in its own version', async () => {
    const { stdout } = await run('tar', ['-xzOf', tarball(name), 'package/package.json']);
    const { version, dependencies = {} } = JSON.parse(stdout) as {
      version: string;
      dependencies?: Record<string, string>;
    };
    const own = Object.entries(dependencies).filter(([dependency]) => dependency.startsWith('@tq/'));
    for (const [, wanted] of own) expect(wanted).toBe(version);
    expect(JSON.stringify(dependencies)).not.toContain('workspace:');
  });
});

/** The code blocks of README's first example: the task file, and its caller. */
function firstExample(): { readonly tasks: string; readonly caller: string } {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [tasks, caller] = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code ?? '');
  if (!tasks?.startsWith('// tasks.ts\n') || !caller?.startsWith('// anywhere\n')) {
    throw new Error("expected README's first two blocks of code to be tasks.ts and a caller, found something else");
  }
  // What does not compile would be sent all the same.
  return { tasks, caller: caller.replace(/^(.*\/\/ does not compile)$/m, '// @ts-expect-error\nif (!fib) $1') };
}

/** CommonJS has no await outside of functions. */
function inFunction(code: string): string {
  const imports = code.match(/^import .*$/gm) ?? [];
  return `${imports.join('\n')}\nasync function main() {\n${code.replace(/^import .*$/gm, '')}\n}\nvoid main();\n`;
}

describe("README's first example, installed outside of the workspace", () => {
  const { tasks, caller } = firstExample();
  const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, types: ['node'], skipLibCheck: false };
  const kinds = [
    { kind: 'an ES module', type: 'module', code: caller },
    { kind: 'CommonJS', type: 'commonjs', code: inFunction(caller) },
  ] as const;

  let consumer: ReturnType<typeof packedProject>;
  beforeAll(() => {
    const files = kinds.flatMap(({ type, code }) => [
      [`${type}/package.json`, JSON.stringify({ type })],
      [`${type}/tsconfig.json`, JSON.stringify({ compilerOptions })],
      [`${type}/tasks.ts`, tasks],
      [`${type}/caller.ts`, code],
    ]);
    consumer = packedProject(Object.fromEntries(files));
  });
  afterAll(() => consumer?.[Symbol.dispose]());

  it.each(kinds)('compiles as $kind, and gives the result that it promises', { timeout: 60_000 }, async ({ type }) => {
    const cwd = join(consumer.folder, type);
    await run(process.execPath, [TOOLS.tsc, '-p', cwd]).catch((error: { stdout: string }) => {
      throw new Error(`expected README's example to compile, found:\n${error.stdout}`);
    });
    const bin = join(consumer.folder, '..', 'node_modules', '.bin', 'tq');
    await using broker = startTq(['broker', '--memory', '--port', '0'], { bin, cwd });
    const { url } = JSON.parse(await broker.line(/ready: accepting connections/)) as { url: string };
    const env = { TQ_URL: url };
    await using worker = startTq(['worker', '--app', 'tasks.js', '--concurrency', '1'], { bin, cwd, env });
    await worker.line(/ready: consuming/);
    const { stdout } = await run(process.execPath, ['caller.js'], { cwd, env: { ...process.env, ...env } });
    expect(stdout).toBe('832040\n');
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
  });
});
