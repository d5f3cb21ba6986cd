// @ts-check
/**
 * The table of promises names the tests that hold them: each must be there, by its title. In a title `…` stands for
 * whatever a test puts there itself (`${TASKS}`, `%s`).
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const PROMISES = 'docs/promises.md';

/** One test: a link to its file, then its title up to the next test or the end of the cell. */
const TEST = /\[[^\]]+\]\(([^)]+\.test\.ts)\): (.+?)(?=<br>|\s*$)/g;

/**
 * @param {string} root
 * @returns {string[]} one line a promise that nothing holds, or a test that is not there
 */
export function checkPromises(root) {
  const text = readFileSync(join(root, PROMISES), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('|') && !/^\| *(promise|-+) *\|/.test(line));
  if (rows.length === 0) return [`${PROMISES}: expected a table of promises, found none`];
  return rows.flatMap((row) => faultsOf(root, row));
}

/**
 * @param {string} root
 * @param {string} row
 */
function faultsOf(root, row) {
  const [, promise = '', tests = ''] = row.split('|').map((cell) => cell.trim());
  const named = [...tests.matchAll(TEST)];
  if (named.length === 0) return [`${PROMISES}: '${promise}': expected a test that holds it, found none`];
  return named.flatMap(([, file = '', title = '']) => {
    const path = join(root, dirname(PROMISES), file);
    if (!existsSync(path)) return [`${PROMISES}: '${promise}': there is no file ${file}`];
    return hasTest(readFileSync(path, 'utf8'), title)
      ? []
      : [`${PROMISES}: '${promise}': ${file} has no test '${title}'`];
  });
}

/**
 * @param {string} source
 * @param {string} title
 */
function hasTest(source, title) {
  const parts = title.trim().split('…').map(literally);
  return new RegExp(`['"\`]${parts.join('.+?')}['"\`]`).test(source.replaceAll(/\\(['"`])/g, '$1'));
}

/** @param {string} text */
function literally(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
