/**
 * A file that stands in a data directory while its store is being opened and read. On some damages lmdb ends the process
 * in the middle of reading; then the mark is still there at the next start, and the store is read by a process of its own
 * first (`check-program`), as it is when its file is shorter than it should be. A start that was killed leaves the mark too, and costs no more than that check.
 */
import { type ExecFileException, execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileCheck } from './file-check.js';

const PROGRAM = fileURLToPath(new URL('./check-program.js', import.meta.url));

/** Sets the mark. Resolves to true when it was there already: the last opening did not come to its end. */
export async function markOpening(dataDir: string): Promise<boolean> {
  try {
    await writeFile(markPath(dataDir), '', { flag: 'wx' });
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return true;
    throw error;
  }
}

/** Takes the mark away: everything has been read. */
export async function unmarkOpening(dataDir: string): Promise<void> {
  await rm(markPath(dataDir), { force: true });
}

/** Reads a store's file in a process of its own, which may end in any way. */
export function checkApart(path: string): Promise<FileCheck> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, path], (error, stdout) => {
      const crash = crashOf(error);
      if (crash !== undefined) resolve({ found: 'damage', reason: `reading it ends a process with ${crash}` });
      else if (stdout !== '') resolve({ found: 'damage', reason: stdout });
      // Also when the program could not run or was killed: then nothing is known against the file.
      else resolve({ found: 'store' });
    });
  });
}

/** lmdb's own checks end in SIGABRT, wild pointers in the others; on Windows exceptions are codes from 0xC0000000. */
const CRASHES: readonly unknown[] = ['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE'];

function crashOf(error: ExecFileException | null): string | undefined {
  if (CRASHES.includes(error?.signal)) return error?.signal;
  return typeof error?.code === 'number' && error.code >= 0xc000_0000 ? `0x${error.code.toString(16)}` : undefined;
}

function markPath(dataDir: string): string {
  return join(dataDir, 'opening');
}
