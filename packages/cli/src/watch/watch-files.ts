import type { Stats } from 'node:fs';
import { basename, extname, relative, sep } from 'node:path';
import { watch } from 'chokidar';

const SOURCES = new Set(['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx', '.json']);
/** Beside folders whose name begins with a dot: what others write, not the user. */
const IGNORED = new Set(['node_modules', 'dist', 'build', 'coverage']);
/** An editor, a formatter and a checkout write in bursts: quiet for so long, and the burst is over, ms. */
const QUIET_MS = 100;

/** What to watch, and who hears of it. */
export interface WatchOptions {
  readonly folders: readonly string[];
  /** A path whose folders are watched although their names are among the ignored: a task file in `dist`. */
  readonly task: string | undefined;
  /** Files that have changed, come or gone, as absolute paths. */
  onChange(files: readonly string[]): void;
  onError(error: Error): void;
}

/**
 * Watches the source files below some folders.
 * @returns once every change from now on is seen; ends the watching when it is called
 */
export async function watchFiles({ folders, task, onChange, onError }: WatchOptions): Promise<() => Promise<void>> {
  const changed = new Set<string>();
  let quiet: NodeJS.Timeout | undefined;
  const watcher = watch([...folders], {
    ignored: (path, stats) => isIgnored(path, stats, folders, task),
    ignoreInitial: true,
  });
  watcher.on('all', (event, path) => {
    if (event === 'addDir' || event === 'unlinkDir') return;
    changed.add(path);
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      const files = [...changed];
      changed.clear();
      onChange(files);
    }, QUIET_MS);
  });
  watcher.on('error', (error) => onError(error as Error));
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return async () => {
    clearTimeout(quiet);
    await watcher.close();
  };
}

/** Whether a path below one of the folders is none of the user's source files. */
export function isIgnored(
  path: string,
  stats: Pick<Stats, 'isFile'> | undefined,
  folders: readonly string[],
  task: string | undefined,
): boolean {
  if (folders.includes(path)) return false;
  if (stats?.isFile()) return !SOURCES.has(extname(path)) || basename(path).startsWith('.');
  if (task?.startsWith(path + sep)) return false;
  const inside = folders.filter((folder) => path.startsWith(folder + sep));
  return inside.every((folder) => relative(folder, path).split(sep).some(isForeign));
}

function isForeign(name: string): boolean {
  return IGNORED.has(name) || name.startsWith('.');
}
