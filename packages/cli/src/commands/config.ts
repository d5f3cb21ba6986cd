import { configFile } from '@tq/core/internal';
import { WORKER_OPTIONS } from '@tq/worker/internal';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { flagsOf } from '../config/flags.js';
import { TQ_OPTIONS } from '../config/options.js';
import { listSettings, type SettingGroup } from '../config/settings-list.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { suggest, UsageError } from '../usage.js';

/** `tq config`: what a worker with the same command line would run with, and where each value comes from. */
export const config: Command = {
  details:
    'Prints every option with its value and its source: a flag, a variable, the config file or the default. Passwords ' +
    'and keys are not shown. Takes the flags of tq worker, so that one sees what a command line would do. Loads no task ' +
    'file: what that passes to createApp wins over all of it.',
  options: {
    ...flagsOf({ ...TQ_OPTIONS, ...WORKER_OPTIONS }),
    json: { kind: 'flag', describe: 'Print {"file", "options": {"url": {"value", "source"}, …}}' },
  },
  examples: [
    ['config', 'Show every option'],
    ['config worker.concurrency', 'Print one value'],
    ['config --pool process --json', 'What a command line would do, as JSON'],
  ],
  positionals: { min: 0, max: 1 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const groups = listSettings(args);
  const [key] = args.positionals;
  if (key !== undefined) await printOne(key, groups, args, output);
  else if (output.json) output.print(asJson(groups));
  else output.print(asText(groups));
  return EXIT.ok;
}

async function printOne(key: string, groups: readonly SettingGroup[], args: Arguments, output: Output): Promise<void> {
  const settings = groups.flatMap((group) => group.settings);
  const found = settings.find((setting) => setting.key === key);
  if (found === undefined) {
    const hint = await suggest(
      key,
      settings.map((setting) => setting.key),
    );
    throw new UsageError(`Unknown option '${key}'. ${hint}`, args.command);
  }
  output.print(output.json ? JSON.stringify(found.value ?? null) : found.text);
}

function asJson(groups: readonly SettingGroup[]): string {
  const rows = groups.flatMap(({ settings }) => settings);
  const options = Object.fromEntries(rows.map(({ key, value, source }) => [key, { value: value ?? null, source }]));
  return JSON.stringify({ file: configFile() ?? null, options });
}

function asText(groups: readonly SettingGroup[]): string {
  const all = groups.flatMap(({ settings }) => settings);
  const [keys, texts] = [widest(all.map(({ key }) => key)), widest(all.map(({ text }) => text))];
  const blocks = groups.map(({ title, settings }) => {
    const rows = settings.map(({ key, text, source }) => `  ${key.padEnd(keys)}  ${text.padEnd(texts)}  ${source}`);
    return [title, ...rows].join('\n');
  });
  return [`config file: ${configFile() ?? 'none'}`, ...blocks].join('\n\n');
}

function widest(texts: readonly string[]): number {
  return Math.min(48, Math.max(...texts.map((text) => text.length)));
}
