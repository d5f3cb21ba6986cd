// @ts-check
/**
 * `npm run options`: writes what the tables of options say into the doc comments of the option types and into
 * docs/configuration.md. With `--check`, as in `npm run check`, it writes nothing and fails where they say something
 * else. Reads the built packages.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runScript } from './run.js';
import { ROOT } from './services-node.js';

/**
 * @typedef {import('../packages/core/dist/config/option.js').Option} Option
 * @typedef {Readonly<Record<string, Option>>} Table
 */

const PAGE = 'docs/configuration.md';

/**
 * The texts that follow from the tables, by file.
 * @returns {Promise<ReadonlyMap<string, string>>}
 */
async function describeOptions() {
  const { APP_OPTIONS } = await load('packages/core/dist/internal.js');
  const { QUEUE_OPTIONS } = await load('packages/core/dist/broker/queue-options.js');
  const { EXCHANGE_OPTIONS } = await load('packages/core/dist/broker/exchange-options.js');
  const { BINDING_OPTIONS } = await load('packages/core/dist/broker/binding-options.js');
  const { WORKER_OPTIONS } = await load('packages/worker/dist/internal.js');
  const { TQ_OPTIONS } = await load('packages/cli/dist/config/options.js');
  const page = [
    ['app', APP_OPTIONS, ''],
    ['queue', QUEUE_OPTIONS, ''],
    ['exchange', EXCHANGE_OPTIONS, ''],
    ['binding', BINDING_OPTIONS, ''],
    ['worker', WORKER_OPTIONS, 'worker.'],
    ['tq', TQ_OPTIONS, ''],
  ].reduce((text, [name, table, path]) => withTable(text, name, table, path), read(PAGE));
  return new Map([
    [PAGE, page],
    described('packages/core/src/options.ts', APP_OPTIONS),
    [
      'packages/core/src/broker/tls-options.ts',
      withComments(read('packages/core/src/broker/tls-options.ts'), APP_OPTIONS, 'tls.'),
    ],
    described('packages/core/src/broker/queue-options.ts', QUEUE_OPTIONS),
    described('packages/core/src/broker/exchange-options.ts', EXCHANGE_OPTIONS),
    described('packages/core/src/broker/binding-options.ts', BINDING_OPTIONS),
    described('packages/core/src/worker-config.ts', WORKER_OPTIONS),
    described('packages/core/src/define-config.ts', TQ_OPTIONS),
    described('packages/worker/src/options.ts', WORKER_OPTIONS),
  ]);
}

/**
 * @param {string} path
 * @param {Table} table
 * @returns {[string, string]}
 */
function described(path, table) {
  return [path, withComments(read(path), table)];
}

/** @param {string} path */
async function load(path) {
  return import(pathToFileURL(join(ROOT, path)).href);
}

/** @param {string} path */
function read(path) {
  return readFileSync(join(ROOT, path), 'utf8');
}

/**
 * A source whose members `readonly KEY?: …` have the table's words above them.
 * @param {string} source
 * @param {Table} table
 * @param {string} [path] what comes before a member in the table's keys
 */
function withComments(source, table, path = '') {
  return source.replace(/^(?: {2}\/\*\*.*\*\/\n)?( {2}readonly (\w+)\?: )/gm, (whole, member, key) => {
    const option = table[path + key];
    return option === undefined ? whole : `  /** ${comment(option)} */\n${member}`;
  });
}

/** @param {Option} option */
function comment(option) {
  const range = option.words === undefined && option.range !== '' ? ` (${option.range})` : '';
  const variable = option.env === undefined ? '' : ` \`${option.env}\`.`;
  const standard = defaultOf(option);
  return `${option.describe}${range}.${variable}${standard === '' ? '' : ` Default: ${standard}.`}`;
}

/** @param {Option} option */
function defaultOf({ default: value, defaultText, print }) {
  if (defaultText !== undefined) return defaultText;
  return value === undefined || typeof value === 'function' ? '' : `\`${print(value)}\``;
}

/**
 * A page with the rows of a table between the marks that are named after it.
 * @param {string} text
 * @param {string} name
 * @param {Table} table
 * @param {string} path what comes before a key in a config file
 */
function withTable(text, name, table, path) {
  const [start, end] = [`<!-- options: ${name} -->`, `<!-- end: ${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${PAGE}: expected the marks ${start} and ${end}, found none`);
  const rows = Object.entries(table).map(([key, option]) => [
    `\`${option.kind === 'program' ? key : path + key}\``,
    option.env === undefined ? '' : `\`${option.env}\``,
    option.flag === undefined ? '' : `\`--${option.flag}\``,
    taken(option),
    defaultOf(option),
    option.describe,
  ]);
  const head = ['option', 'variable', 'flag', 'takes', 'default', 'what it is for'];
  const used = head.map((_, column) => rows.some((row) => row[column] !== ''));
  const lines = alignRows([head, ...rows].map((row) => row.filter((_, column) => used[column])));
  return `${text.slice(0, from + start.length)}\n\n${lines}\n\n${text.slice(to)}`;
}

/** @param {Option} option */
function taken({ kind, range, words }) {
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(', ');
  if (kind === 'program') return 'programs only';
  return range === '' ? kind : `${kind}, ${range}`;
}

/** @param {readonly (readonly string[])[]} rows the first is the head */
function alignRows(rows) {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const line = (/** @type {readonly string[]} */ row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return [line(cells[0] ?? []), rule, ...cells.slice(1).map(line)].join('\n');
}

await runScript('options', async () => {
  const texts = [...(await describeOptions())];
  const stale = texts.filter(([path, text]) => read(path) !== text);
  if (!process.argv.includes('--check')) {
    for (const [path, text] of stale) writeFileSync(join(ROOT, path), text);
    console.log(`options: ${stale.length === 0 ? 'up to date' : `wrote ${stale.map(([path]) => path).join(', ')}`}`);
    return 0;
  }
  for (const [path] of stale) console.error(`${path}: says something else than the tables of options: npm run options`);
  return stale.length === 0 ? 0 : 1;
});
