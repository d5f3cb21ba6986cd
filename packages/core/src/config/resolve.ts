import { checkKeys, valueAt } from './keys.js';
import type { Option, OptionSource, OptionTable, OptionValues } from './option.js';

/** The part of a `tq.config` file that a table of options reads. */
export interface ConfigPart {
  /** The file, as errors and lists show it. */
  readonly file: string;
  /** Where in the file it is: empty, or `worker.`. */
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Where values come from, the strongest first. */
export interface OptionSources {
  /** What a program passed. */
  readonly given: object;
  /** Who was called with it, for errors. */
  readonly where: string;
  readonly env: NodeJS.ProcessEnv;
  readonly config: ConfigPart | undefined;
  /** What defaults may follow from beside the options themselves. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
}

/** The options of a table with every default filled in, and where each came from. */
export interface ResolvedTable<Table extends OptionTable> {
  readonly values: OptionValues<Table>;
  readonly sources: Readonly<Record<keyof Table, OptionSource>>;
}

/**
 * Fills in a table of options: what is given, else the environment, else the config file, else the default. A default
 * may follow from what is set and from the defaults before it.
 * @throws {TqError} `unknown-option` or `invalid-option`, naming the option as its source does
 */
export function resolveTable<const Table extends OptionTable>(
  table: Table,
  sources: OptionSources,
): ResolvedTable<Table> {
  checkKeys(sources.given, table, sources.where);
  const values: Record<string, unknown> = { ...sources.facts };
  const found: Record<string, OptionSource> = {};
  const entries = Object.entries(table);
  for (const [key, option] of entries) {
    const set = find(key, option, sources);
    if (set === undefined) continue;
    values[key] = set.value;
    found[key] = set.source;
  }
  for (const [key, option] of entries) {
    if (found[key] !== undefined) continue;
    values[key] = typeof option.default === 'function' ? option.default(values) : option.default;
    found[key] = { kind: 'default' };
  }
  for (const fact of Object.keys(sources.facts ?? {})) delete values[fact];
  return { values: values as OptionValues<Table>, sources: found as ResolvedTable<Table>['sources'] };
}

function find(
  key: string,
  option: Option,
  { given, env, config }: OptionSources,
): { readonly value: unknown; readonly source: OptionSource } | undefined {
  const passed = valueAt(given, key);
  if (passed !== undefined) return { value: option.check(passed, key), source: { kind: 'given' } };
  // An empty variable is one that is not set: that is how compose files and shells leave one out.
  const variable = option.env === undefined ? undefined : env[option.env];
  if (option.env !== undefined && variable) {
    return { value: readText(option, variable, option.env).value, source: { kind: 'environment', name: option.env } };
  }
  if (config === undefined) return undefined;
  const configured = valueAt(config.values, key);
  if (configured === undefined) return undefined;
  const value = option.check(configured, `${config.file}: ${config.path}${key}`);
  return { value, source: { kind: 'config', name: config.file } };
}

/**
 * Reads and checks the text of a variable or a flag.
 * @returns `given`, which a program would pass, and the value that it comes to
 * @throws {TqError} `invalid-option`
 */
export function readText<T>(
  option: Option<T>,
  text: string,
  name: string,
): { readonly given: unknown; readonly value: T } {
  const given = option.read(text, name);
  return { given, value: option.check(given, name) };
}
