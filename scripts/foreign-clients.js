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
  return [
    ...(importable('pika') ? [] : ['python3-pika']),
    ...(importable('celery') ? [] : ['python3-celery']),
    ...(executable(`${AMQP_TOOLS}/amqp-publish`) ? [] : ['amqp-tools']),
  ];
}

/**
 * Looks for the module without running it: Celery takes half a second to import.
 * @param {string} module
 * @returns {boolean}
 */
function importable(module) {
  const find = `import importlib.util, sys; sys.exit(importlib.util.find_spec('${module}') is None)`;
  return spawnSync(PYTHON, ['-c', find], { stdio: 'ignore' }).status === 0;
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
