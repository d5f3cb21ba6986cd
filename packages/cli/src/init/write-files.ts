import { lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Writes files below a folder, all or, when one is in the way, none.
 * @param files texts by path
 * @param force overwrites files; what is no file stays in the way
 * @throws {Error} naming all that is in the way
 */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>, force: boolean): void {
  const blocked = Object.keys(files).filter((path) => isInTheWay(join(folder, path), force));
  if (blocked.length > 0) {
    const advice = force ? 'move it away' : 'choose another folder, or overwrite with --force';
    throw new Error(`Expected nothing in the way in '${folder}', found ${blocked.join(', ')}: ${advice}.`);
  }
  for (const [path, text] of Object.entries(files)) {
    const target = join(folder, path);
    try {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text, { flag: force ? 'w' : 'wx' });
    } catch (cause) {
      throw new Error(`Expected to write '${target}', found ${(cause as Error).message}: choose another folder.`, {
        cause,
      });
    }
  }
}

function isInTheWay(path: string, force: boolean): boolean {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found !== undefined && !(force && found.isFile());
  } catch {
    // A file where the path has a folder: writing says so.
    return false;
  }
}
