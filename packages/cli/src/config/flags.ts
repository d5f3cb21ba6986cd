import { hasCode } from '@tq/core';
import { type Option, type OptionTable, readText } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import type { OptionSpec } from '../command.js';
import { UsageError } from '../usage.js';

/** The flags of a table's options, with their help texts. */
export function flagsOf(table: OptionTable): Readonly<Record<string, OptionSpec>> {
  const rows = Object.values(table).filter(({ flag }) => flag !== undefined);
  return Object.fromEntries(rows.map((option) => [option.flag as string, describeFlag(option)]));
}

/**
 * What the command line says of a table's options, as a program would pass it.
 * @throws {UsageError}
 */
export function readFlags(table: OptionTable, args: Arguments): Readonly<Record<string, unknown>> {
  const rows = Object.entries(table).map(([key, option]) => [key, readFlag(option, args)] as const);
  return Object.fromEntries(rows.filter(([, value]) => value !== undefined));
}

function readFlag(option: Option, args: Arguments): unknown {
  if (option.flag === undefined) return undefined;
  if (option.kind === 'flag') return args.flag(option.flag) ? !isNegative(option.flag) : undefined;
  const text = args.text(option.flag);
  if (text === undefined) return undefined;
  try {
    return readText(option, text, `--${option.flag}`).given;
  } catch (error) {
    if (hasCode(error, 'invalid-option')) throw new UsageError((error as Error).message, args.command);
    throw error;
  }
}

/** What is on by default has a flag that turns it off. */
function isNegative(flag: string): boolean {
  return flag.startsWith('no-');
}

function describeFlag({ kind, words, ...option }: Option): OptionSpec {
  if (isNegative(option.flag ?? '')) return { kind: 'flag', describe: `Turns this off: ${option.describe}` };
  const range = words === undefined && option.range !== '' ? ` (${option.range})` : '';
  const example = kind === 'duration' ? ' (as 500ms, 10s, 5m)' : kind === 'bytes' ? ' (as 200mb, 1gb)' : '';
  const standard = option.defaultText ?? defaultOf(option);
  const describe = `${option.describe}${range}${example}.${standard === '' ? '' : ` Default: ${standard}`}`;
  return { kind: kind === 'flag' ? 'flag' : 'text', describe: describe.replaceAll('`', ''), choices: words };
}

function defaultOf({ default: value, print }: Pick<Option, 'default' | 'print'>): string {
  return value === undefined || typeof value === 'function' ? '' : print(value);
}
