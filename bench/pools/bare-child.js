// @ts-check
/** A child of a bare pool: a thread, or a forked process. */
import { parentPort } from 'node:worker_threads';
import { WORK } from './work.js';

/** @import { TaskName } from './work.js' */

/** @type {(message: unknown) => void} */
const post =
  parentPort === null ? (message) => void process.send?.(message) : (message) => parentPort?.postMessage(message);
/** @param {[task: TaskName, n: number, text: string]} job */
const run = ([task, n]) => post(WORK[task](n));

if (parentPort === null) process.on('message', (message) => run(/** @type {any} */ (message)));
else parentPort.on('message', run);
post('ready');
