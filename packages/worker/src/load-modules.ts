import { extname, isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { TqError, toError } from '@tq/core/internal';
import type { Jiti } from 'jiti';

const TYPESCRIPT = new Set(['.ts', '.mts', '.cts', '.tsx']);

/**
 * Imports the modules that define tasks, one after the other, in this process or thread. JavaScript is imported
 * natively; TypeScript goes through jiti, which is loaded with the first such file. A loader may give a task file its
 * own copy of `@tq/core`: registry and context are shared under `Symbol.for`, so that both copies see the same tasks.
 * @param modules file URLs or absolute paths
 * @throws {TqError} `task-load-failed`, naming the file, with the cause
 */
export async function loadModules(modules: readonly string[]): Promise<void> {
  for (const module of modules) await loadModule(module);
}

/**
 * Imports one module in the same way and gives its exports.
 * @param module a file URL or an absolute path
 * @param what it is, for the error
 * @throws {TqError} `task-load-failed`, naming the file, with the cause
 */
export async function loadModule(module: string, what = 'Task module'): Promise<Readonly<Record<string, unknown>>> {
  const path = toPath(module);
  try {
    return await importModule(path);
  } catch (thrown) {
    const cause = toError(thrown);
    throw new TqError(
      'task-load-failed',
      `${what} '${path}' did not load: ${cause.name}: ${cause.message}. Import it by itself to see the error alone.`,
      { fields: { module: path }, cause },
    );
  }
}

function toPath(module: string): string {
  if (module.startsWith('file:')) return fileURLToPath(module);
  if (isAbsolute(module)) return module;
  throw new TqError(
    'task-load-failed',
    `Expected a file URL or an absolute path as task module, found '${module}'; ` +
      "pass import.meta.url or new URL('./tasks.js', import.meta.url).",
    { fields: { module } },
  );
}

async function importModule(path: string): Promise<Record<string, unknown>> {
  if (TYPESCRIPT.has(extname(path))) return (await loader()).import(path);
  return import(pathToFileURL(path).href);
}

let jiti: Jiti | undefined;

/** One loader a process: its module cache is what makes a file that is imported twice run once. */
async function loader(): Promise<Jiti> {
  if (jiti === undefined) {
    const { createJiti } = await import('jiti');
    jiti ??= createJiti(import.meta.url);
  }
  return jiti;
}
