/** A user's project in a folder of its own, whose `node_modules` has the packages of this workspace. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = fileURLToPath(new URL('../../packages/', import.meta.url));

/** What a project has. */
export interface ProjectOptions {
  /** The `type` of its package.json; undefined leaves it out. */
  readonly type?: 'module' | 'commonjs' | undefined;
  /** Texts by path. */
  readonly files: Readonly<Record<string, string>>;
}

/** A project, until it is disposed of. */
export interface Project extends Disposable {
  readonly folder: string;
}

/** Writes the project's files and links `@tq/core` and `@tq/worker`. */
export function createProject({ type, files }: ProjectOptions): Project {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tq-project-')));
  const scope = join(folder, 'node_modules', '@tq');
  mkdirSync(scope, { recursive: true });
  for (const name of ['core', 'worker']) symlinkSync(join(PACKAGES, name), join(scope, name));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'project', private: true, type }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
