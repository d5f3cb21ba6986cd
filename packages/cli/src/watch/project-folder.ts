import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** The folder of the nearest package.json, from a folder upwards; the folder itself when there is none. */
export function projectFolder(folder: string): string {
  const start = resolve(folder);
  for (let at = start; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (dirname(at) === at) return start;
  }
}

/**
 * The folders whose files may be part of the worker's code: that of the project, and that of the task file where it is
 * another one.
 * @param app `FILE[#export]`, relative to `folder`; undefined is a file below `folder`
 */
export function watchedFolders(folder: string, app: string | undefined): readonly string[] {
  const own = projectFolder(folder);
  if (app === undefined) return [own];
  const other = projectFolder(dirname(resolve(folder, app)));
  return isInside(own, other) ? [own] : [own, other];
}

function isInside(folder: string, path: string): boolean {
  const [first = ''] = relative(folder, path).split(sep);
  return first !== '..' && !first.includes(':');
}
