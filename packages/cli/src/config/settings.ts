import { configPart, type OptionValues, type ResolvedTable, resolveTable } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import { readFlags } from './flags.js';
import { TQ_OPTIONS } from './options.js';

/**
 * The options of `tq` itself: flags, else the environment, else the config file, else defaults.
 * @throws {UsageError}
 * @throws {TqError} `invalid-option`
 */
export function resolveSettings(args: Arguments): OptionValues<typeof TQ_OPTIONS> {
  return traceSettings(args).values;
}

/** The same, with where each value came from. */
export function traceSettings(args: Arguments): ResolvedTable<typeof TQ_OPTIONS> {
  const given = readFlags(TQ_OPTIONS, args);
  return resolveTable(TQ_OPTIONS, { given, where: `tq ${args.command}`, env: process.env, config: configPart('tq') });
}
