/** The packages as they are published: tarballs, and projects that install them outside of the workspace. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** Tarballs by package name, until they are disposed of. */
export interface Packed extends Disposable {
  readonly tarballs: ReadonlyMap<string, string>;
}

/** Packs every package of the workspace as pnpm publishes it; needs them built. */
export async function packPackages(): Promise<Packed> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tq-packed-')));
  const { packageManager } = readJson(join(ROOT, 'package.json')) as { packageManager: string };
  const words = ['-y', packageManager, '--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder];
  await run('npx', words, { cwd: ROOT });
  const names = readdirSync(join(ROOT, 'packages')).map((name) => `@tq/${name}`);
  const files = readdirSync(folder);
  const tarballs = new Map(names.map((name) => [name, join(folder, tarballOf(name, files))]));
  return { tarballs, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** `@tq/core` is packed as `tq-core-0.1.0.tgz`. */
function tarballOf(name: string, files: readonly string[]): string {
  const start = `${name.slice(1).replace('/', '-')}-`;
  const file = files.find((candidate) => candidate.startsWith(start));
  if (file === undefined) throw new Error(`expected a tarball of ${name}, found ${files.join(', ')}`);
  return file;
}

/** Writes files into a new empty folder outside of the workspace. */
export function emptyProject(files: Readonly<Record<string, string>>): Disposable & { readonly folder: string } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tq-consumer-')));
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
export async function installPacked(folder: string, { tarballs }: Packed): Promise<void> {
  const path = join(folder, 'package.json');
  const manifest = readJson(path) as { dependencies?: Record<string, string> };
  const own = Object.fromEntries([...tarballs].map(([name, file]) => [name, `file:${file}`]));
  writeFileSync(path, JSON.stringify({ ...manifest, dependencies: { ...manifest.dependencies, ...own } }, null, 2));
  const quick = ['--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', '--loglevel=error'];
  await run('npm', ['install', ...quick], { cwd: folder });
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
