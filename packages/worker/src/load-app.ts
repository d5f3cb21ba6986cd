import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { defaultApp } from '@tq/core';
import { type App, internalsOf, nearest, openRegistries, type Runnable, TqError } from '@tq/core/internal';
import { loadModule } from './load-modules.js';

/** A task as lists show it. */
export interface ListedTask {
  readonly name: string;
  /** Where its calls go unless they say otherwise, without the app's prefix. */
  readonly queue: string | undefined;
  /** Where they go instead of to a queue: to the exchange of a route, or where a function says. */
  readonly route?: string;
  /** It is the handler of a subscription, which a worker consumes beside its queues. */
  readonly subscription?: true;
}

/** What a task file gives. */
export interface LoadedApp {
  readonly app: App;
  /** The file, as an absolute path. */
  readonly file: string;
  /** Every task that is defined now, whichever app has it, in alphabetical order: what a worker for this file runs. */
  readonly tasks: readonly ListedTask[];
}

const FOLDERS = ['', 'src'];
const ENDINGS = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'];

/** Where a task file is looked for when nobody names one, in this order. */
export const TASK_FILES: readonly string[] = FOLDERS.flatMap((folder) =>
  ENDINGS.map((ending) => (folder === '' ? `tasks.${ending}` : `${folder}/tasks.${ending}`)),
);

/**
 * Imports the task file in this process and finds its app: the export that is named, else one named `app`, else the
 * default export when it is an app, else the default app, on which `defineTask` defines.
 * @param spec `FILE` or `FILE#export`, relative to `folder`; undefined looks for one of {@link TASK_FILES}
 * @throws {TqError} `invalid-option` when there is no such file or export; `task-load-failed` when the file does not
 *   load, or defines no task
 */
export async function loadApp(spec: string | undefined, folder: string): Promise<LoadedApp> {
  const { file, name } = spec === undefined ? { file: findFile(folder), name: undefined } : splitSpec(spec, folder);
  const exports = await loadModule(file);
  const app = name === undefined ? pickApp(exports) : namedApp(exports, name, file);
  const tasks = listTasks();
  if (tasks.length > 0) return { app, file, tasks };
  throw new TqError(
    'task-load-failed',
    `'${file}' loaded and defines no task. Define one with defineTask(…), app.task(…) or app.register(…), or import the files that do.`,
    { fields: { module: file } },
  );
}

/** Tasks of all open apps of the process; when two apps have one of a name, the app that was opened first wins. */
function listTasks(): readonly ListedTask[] {
  const tasks = new Map<string, ListedTask>();
  for (const registry of openRegistries()) {
    for (const name of registry.names()) {
      if (!tasks.has(name)) tasks.set(name, listed(name, registry.get(name)));
    }
  }
  return [...tasks.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function listed(name: string, task: Runnable | undefined): ListedTask {
  const { queue, route, subscription } = task ?? {};
  if (subscription !== undefined) return { name, queue, subscription: true };
  return route === undefined ? { name, queue } : { name, queue, route };
}

function findFile(folder: string): string {
  const found = TASK_FILES.map((file) => join(folder, file)).find(isFile);
  if (found !== undefined) return found;
  throw new TqError(
    'invalid-option',
    `No task file: looked for ${TASK_FILES.join(', ')} in '${folder}'. Name yours with --app FILE, or change to its folder.`,
    { fields: { folder, lookedFor: TASK_FILES } },
  );
}

/** A name may contain `#`: the whole text is tried first. */
function splitSpec(spec: string, folder: string): { readonly file: string; readonly name: string | undefined } {
  const hash = spec.lastIndexOf('#');
  const whole = resolve(folder, spec);
  if (hash === -1 || isFile(whole)) return { file: requireFile(whole), name: undefined };
  const name = spec.slice(hash + 1);
  if (name === '') {
    throw new TqError('invalid-option', `--app: expected the name of an export after '#', found '${spec}'.`);
  }
  return { file: requireFile(resolve(folder, spec.slice(0, hash))), name };
}

function requireFile(path: string): string {
  if (isFile(path)) return path;
  const found = existsSync(path) ? 'something that is no file' : 'no such file';
  const near = nearest(basename(path), namesIn(dirname(path)));
  const hint = near === undefined ? '' : ` Did you mean '${near}'?`;
  throw new TqError('invalid-option', `--app: expected a task file, found ${found} at '${path}'.${hint}`);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // No such folder has no names either.
    return [];
  }
}

function pickApp(exports: Readonly<Record<string, unknown>>): App {
  const candidates = [exports.app, exports.default, memberOf(exports.default, 'app')];
  return candidates.find(isApp) ?? defaultApp();
}

function namedApp(exports: Readonly<Record<string, unknown>>, name: string, file: string): App {
  const found = Object.hasOwn(exports, name) ? exports[name] : memberOf(exports.default, name);
  if (isApp(found)) return found;
  const names = Object.keys(exports);
  const near = nearest(name, names);
  const hint = near === undefined ? `Its exports are ${names.join(', ') || 'none'}.` : `Did you mean '${near}'?`;
  const what = found === undefined ? 'no such export' : 'something else';
  throw new TqError(
    'invalid-option',
    `--app: expected the export '${name}' of '${file}' to be an app, found ${what}. ${hint}`,
  );
}

/** What a CommonJS module exports may be seen on its default export alone. */
function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function isApp(value: unknown): value is App {
  if (typeof value !== 'object' || value === null) return false;
  try {
    internalsOf(value as App);
    return true;
  } catch {
    return false;
  }
}
