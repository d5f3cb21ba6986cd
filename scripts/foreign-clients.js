// @ts-check
/** The AMQP clients of other languages that test/interop drives, as Debian packages them. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';

/** The system's own Python: that of a version manager would not find the system's packages. */
export const PYTHON = '/usr/bin/python3';

/** Where amqp-tools' programs are. */
export const AMQP_TOOLS = '/usr/bin';

/**
 * Debian packages that are not installed.
 * @returns {string[]}
 */
export function missingClients() {
  return [...(hasPika() ? [] : ['python3-pika']), ...(executable(`${AMQP_TOOLS}/amqp-publish`) ? [] : ['amqp-tools'])];
}

/** @returns {boolean} */
function hasPika() {
  return spawnSync(PYTHON, ['-c', 'import pika'], { stdio: 'ignore' }).status === 0;
}

/** @param {string} path */
export function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
