// @ts-check
/** What the system says of a process that may not be a child of this one. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * Whether a process is gone with all that it had open. A killed process loses its command line first, then turns into a
 * zombie; its sockets are closed only when its last thread is gone.
 * @param {number} pid
 */
export function hasEnded(pid) {
  try {
    process.kill(pid, 0);
    if (!existsSync('/proc/self')) return false;
    return (
      /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')) && readdirSync(`/proc/${pid}/task`).length === 1
    );
  } catch {
    return true;
  }
}

/**
 * The command line of a process.
 * @param {number} pid
 * @returns {string} empty when there is no such process, or only its exit status is left
 */
export function commandOf(pid) {
  try {
    if (existsSync('/proc/self')) return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
