import {
  APP_OPTIONS,
  configPart,
  isSettable,
  maskUrl,
  type Option,
  type OptionSource,
  type OptionTable,
  type ResolvedTable,
  traceOptions,
} from '@tq/core/internal';
import { traceWorkerOptions, WORKER_OPTIONS } from '@tq/worker/internal';
import type { Arguments } from '../arguments.js';
import { readFlags } from './flags.js';
import { TQ_OPTIONS } from './options.js';
import { traceSettings } from './settings.js';

/** One option as it stands. */
export interface Setting {
  /** As a config file has it: `worker.concurrency`. */
  readonly key: string;
  /** Without what is secret; undefined where there is none. */
  readonly value: unknown;
  /** The value for a person, as a variable would have it. */
  readonly text: string;
  /** Its flag, its variable, the config file, or `default`. */
  readonly source: string;
}

/** Settings of one kind. */
export interface SettingGroup {
  readonly title: string;
  readonly settings: readonly Setting[];
}

/**
 * Every option as a worker with this command line would have it, unless its task file passes another to `createApp`.
 * @throws {UsageError}
 * @throws {TqError} `invalid-option`
 */
export function listSettings(args: Arguments): readonly SettingGroup[] {
  const app = traceOptions({}, process.env);
  const worker = traceWorkerOptions(readFlags(WORKER_OPTIONS, args), app.values.queue, process.env);
  return [
    { title: 'tq', settings: settingsOf(TQ_OPTIONS, traceSettings(args), '') },
    { title: 'app', settings: settingsOf(APP_OPTIONS, app, '') },
    { title: 'worker', settings: settingsOf(WORKER_OPTIONS, worker, configPart('worker')?.path ?? 'worker.') },
  ];
}

function settingsOf<T extends OptionTable>(table: T, { values, sources }: ResolvedTable<T>, path: string): Setting[] {
  return Object.entries<Option>(table)
    .filter(([, option]) => isSettable(option))
    .map(([key, option]) => {
      const value = mask(option, (values as Readonly<Record<string, unknown>>)[key]);
      const text = value === undefined ? '' : typeof value === 'string' ? value : option.print(value);
      return { key: path + key, value, text, source: sourceText(option, sources[key] as OptionSource) };
    });
}

function mask({ secret }: Option, value: unknown): unknown {
  if (value === undefined || secret === undefined) return value;
  if (secret === 'url') return Array.isArray(value) ? value.map(maskUrl) : maskUrl(String(value));
  return secret === 'pem' && !String(value).includes('\n') ? value : '(hidden)';
}

function sourceText({ flag }: Option, source: OptionSource): string {
  if (source.kind === 'given') return `--${flag}`;
  return source.kind === 'default' ? 'default' : source.name;
}
