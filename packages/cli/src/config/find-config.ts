import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const ENDINGS = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs', 'json'];

/** What a config file may be called, the first one first. */
export const CONFIG_FILES: readonly string[] = ENDINGS.map((ending) => `tq.config.${ending}`);

/**
 * The config file of a folder: in it, or above it up to the folder of the nearest package.json. Without a package.json
 * nothing above the folder is looked at, since that would be somebody else's.
 */
export function findConfig(folder: string): string | undefined {
  const start = resolve(folder);
  const folders = [start];
  for (let at = start; !existsSync(join(at, 'package.json')); ) {
    const parent = dirname(at);
    if (parent === at) return inFolder(start);
    folders.push(parent);
    at = parent;
  }
  return folders.map(inFolder).find((file) => file !== undefined);
}

function inFolder(folder: string): string | undefined {
  return CONFIG_FILES.map((name) => join(folder, name)).find(isFile);
}

/** Whether there is a file at a path. */
export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
