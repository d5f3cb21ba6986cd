import { readFileSync } from 'node:fs';
import { dirname, extname, relative, resolve } from 'node:path';
import {
  APP_OPTIONS,
  type ConfigValues,
  checkKeys,
  hasFunctions,
  isRecord,
  isSettable,
  type OptionTable,
  TqError,
  valueAt,
} from '@tq/core/internal';
import { loadModule, WORKER_OPTIONS } from '@tq/worker/internal';
import { TQ_OPTIONS } from './options.js';
import { parseJson } from './parse-json.js';

/** What a file can say, by section. */
const SECTIONS = { app: settable(APP_OPTIONS), worker: settable(WORKER_OPTIONS), tq: TQ_OPTIONS };

/**
 * Loads and checks a config file.
 * @param path absolute
 * @param folder the current one: errors and lists show the file from there
 * @throws {TqError} `invalid-option` or `unknown-option`: file, key, expected, found; `task-load-failed` when it throws
 */
export async function readConfig(path: string, folder: string): Promise<ConfigValues> {
  const file = relative(folder, path) || path;
  const config = await load(path, file);
  if (!isRecord(config)) {
    const text = `${file}: expected options as its default export, export default defineConfig({ … }), found none.`;
    throw new TqError('invalid-option', text);
  }
  const { worker = {}, ...top } = config;
  if (!isRecord(worker))
    throw new TqError('invalid-option', `${file}: worker: expected an object, found something else.`);
  checkKeys(config, { ...SECTIONS.tq, ...SECTIONS.app, ...WORKER_KEY }, file);
  checkKeys(worker, SECTIONS.worker, `${file}: worker`);
  const [tq, app] = [part(top, SECTIONS.tq, path), part(top, SECTIONS.app, path)];
  refuseFunctions(app.routes, file);
  const sections = { tq, app, worker: part(worker, SECTIONS.worker, path) };
  for (const [name, table] of Object.entries(SECTIONS)) {
    const path = name === 'worker' ? 'worker.' : '';
    checkValues(sections[name as keyof typeof sections], table, `${file}: ${path}`);
  }
  return { file, sections };
}

const WORKER_KEY: OptionTable = { worker: TQ_OPTIONS.app };

function settable(table: OptionTable): OptionTable {
  return Object.fromEntries(Object.entries(table).filter(([, option]) => isSettable(option)));
}

async function load(path: string, file: string): Promise<unknown> {
  if (extname(path) === '.json') {
    const read = parseJson(readFileSync(path, 'utf8'));
    if ('value' in read) return read.value;
    const { line, column } = read.fault;
    throw new TqError('invalid-option', `${file}:${line}:${column}: expected JSON, found a syntax error here.`);
  }
  const exports = await loadModule(path, 'Config file');
  const config = defaultOf(exports);
  return typeof config === 'function' ? config() : config;
}

/** The default export; of a CommonJS module that was compiled from TypeScript it is one level further down. */
function defaultOf({ default: found }: Readonly<Record<string, unknown>>): unknown {
  return isRecord(found) && '__esModule' in found ? found.default : found;
}

/** The values of a section, files named from the folder of the config file. */
function part(values: object, table: OptionTable, path: string): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(table)) {
    const value = valueAt(values, key);
    if (value === undefined) continue;
    const isPath = option.path && typeof value === 'string' && value !== '' && !value.includes('\n');
    put(found, key, isPath ? resolve(dirname(path), value) : value);
  }
  return found;
}

function put(values: Record<string, unknown>, key: string, value: unknown): void {
  const [name = '', inner] = key.split('.');
  values[name] = inner === undefined ? value : { ...(values[name] as object | undefined), [inner]: value };
}

/**
 * Children of a pool do not read the file, and no variable carries a function to them: their calls would go elsewhere.
 * @throws {TqError} `invalid-option`
 */
function refuseFunctions(routes: unknown, file: string): void {
  if (!Array.isArray(routes) || !hasFunctions(routes)) return;
  const text = `${file}: routes: expected names, patterns and regular expressions, found a function, which the children of a pool would not have. Put functions where the tasks are: createApp({ routes }).`;
  throw new TqError('invalid-option', text);
}

function checkValues(values: object, table: OptionTable, where: string): void {
  for (const [key, option] of Object.entries(table)) {
    const value = valueAt(values, key);
    if (value !== undefined) option.check(value, where + key);
  }
}
