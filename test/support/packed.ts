/**
 * The packages as they are published: tarballs, which the set-up of project `packages` packs once a run, and projects that
 * install them outside of the workspace.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

declare module 'vitest' {
  interface ProvidedContext {
    readonly tarballs: readonly (readonly [name: string, file: string])[];
    /** A folder that has them installed. */
    readonly installed: string;
  }
}

/** Tarballs by package name. */
export type Packed = ReadonlyMap<string, string>;

/** The tarballs that the tests of a run share. */
export function packedPackages(): Packed {
  const tarballs = inject('tarballs');
  if (tarballs !== undefined) return new Map(tarballs);
  throw new Error('expected a test that has tarballs, found one elsewhere: put its file into test/packages');
}

/** Packs every package of the workspace as pnpm publishes it into a folder; needs them built. */
export async function packPackages(folder: string): Promise<Packed> {
  const { packageManager } = readJson(join(ROOT, 'package.json')) as { packageManager: string };
  const words = ['-y', packageManager, '--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder];
  await run('npx', words, { cwd: ROOT });
  const names = readdirSync(join(ROOT, 'packages')).map((name) => `@tq/${name}`);
  const files = readdirSync(folder);
  return new Map(names.map((name) => [name, join(folder, tarballOf(name, files))]));
}

/** `@tq/core` is packed as `tq-core-0.1.0.tgz`. */
function tarballOf(name: string, files: readonly string[]): string {
  const start = `${name.slice(1).replace('/', '-')}-`;
  const file = files.find((candidate) => candidate.startsWith(start));
  if (file === undefined) throw new Error(`expected a tarball of ${name}, found ${files.join(', ')}`);
  return file;
}

/** Writes files into a new folder in which the packages are installed, with the types of Node beside them. */
export function packedProject(files: Readonly<Record<string, string>>): Disposable & { readonly folder: string } {
  return emptyProject(files, inject('installed'));
}

/** Writes files into a new empty folder outside of the workspace. */
export function emptyProject(
  files: Readonly<Record<string, string>>,
  parent = tmpdir(),
): Disposable & { readonly folder: string } {
  const folder = realpathSync(mkdtempSync(join(parent, 'tq-consumer-')));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Installs the tarballs, and what the folder's package.json asks for beside them, with npm, from the registry that npm is
 * set to.
 */
export async function installPacked(folder: string, packed: Packed): Promise<void> {
  const path = join(folder, 'package.json');
  const manifest = readJson(path) as { dependencies?: Record<string, string> };
  const own = Object.fromEntries([...packed].map(([name, file]) => [name, `file:${file}`]));
  writeFileSync(path, JSON.stringify({ ...manifest, dependencies: { ...manifest.dependencies, ...own } }, null, 2));
  const quick = ['--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', '--loglevel=error'];
  const env = userEnvironment();
  await run('npm', ['install', ...quick], { cwd: folder, env }).catch((error: { stderr: string }) => {
    throw new Error(`expected npm to install from its registry, found (is it reachable?):\n${error.stderr}`);
  });
}

/**
 * Runs a line in a shell as a user types it.
 * @throws with all that it printed when it ends with anything but 0
 */
export async function typeLine(line: string, cwd: string): Promise<string> {
  const ended = run('sh', ['-c', line], { cwd, env: userEnvironment() });
  const { stdout } = await ended.catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`expected '${line}' to end with 0, found:\n${error.stdout}${error.stderr}`);
  });
  return stdout;
}

/** The environment of a terminal in which nothing of tq or npm runs. */
export function userEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:TQ|npm)_|^INIT_CWD$/.test(name)));
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
