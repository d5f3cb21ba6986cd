// @ts-check
/** Where the log of what users do ends up: a file in place of a database that takes its time. */
import { appendFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

/** What one insert takes, ms. */
export const INSERT_MS = 20;

/** @typedef {{ readonly id: number, readonly user: string, readonly path: string, readonly time: string }} Entry */

/**
 * @param {Entry} entry
 * @param {string} file
 */
export async function insert(entry, file) {
  await wait(INSERT_MS);
  await appendFile(file, `${JSON.stringify(entry)}\n`);
}
