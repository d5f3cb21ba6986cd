import type { Arguments } from '../arguments.js';
import type { OptionSpec } from '../command.js';
import { APP_OPTIONS } from '../queues/options.js';
import { UsageError } from '../usage.js';
import { FILTER_OPTIONS } from './filter.js';
import { parseRate } from './rate.js';

type Options = Readonly<Record<string, OptionSpec>>;

/** What every verb takes that chooses among dead letters. */
export const DEAD_OPTIONS: Options = { ...APP_OPTIONS, ...FILTER_OPTIONS };

/** What the verbs take besides that change something. */
export const DRY_RUN_OPTION: Options = {
  'dry-run': { kind: 'flag', describe: 'Print how many of which kind it is about, and do nothing' },
};

/**
 * Messages a second of `--rate`; undefined when it was not given.
 * @throws {UsageError}
 * @throws {TqError} `invalid-option`
 */
export function rateOf(args: Arguments): number | undefined {
  const text = args.text('rate');
  if (text === undefined) return undefined;
  if (args.flag('edit'))
    throw new UsageError('--rate: expected no --edit beside it, whose pace is yours.', args.command);
  return parseRate(text, '--rate');
}
