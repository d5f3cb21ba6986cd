import { resolve } from 'node:path';
import type { Arguments } from '../arguments.js';
import type { Command, OptionSpec } from '../command.js';
import { UsageError } from '../usage.js';
import { findConfig, isFile } from './find-config.js';

const CONFIG: Readonly<Record<string, OptionSpec>> = {
  config: { kind: 'text', describe: 'Config file. Default: TQ_CONFIG, else tq.config.ts, .js, .json and the like' },
};

/** A command with `--config`, unless it reads no config file. */
export function withConfig(command: Command): Command {
  return command.config === false ? command : { ...command, options: { ...command.options, ...CONFIG } };
}

/**
 * Makes what the config file says the values of this process, below the environment.
 * @throws {UsageError} when there is no such file
 * @throws {TqError} when it is wrong
 */
export async function useConfig(command: Pick<Command, 'config'>, args: Arguments, folder: string): Promise<void> {
  if (command.config === false) return;
  const path = configPath(args, folder);
  if (path === undefined) return;
  const [{ setConfigValues }, { readConfig }] = await Promise.all([
    import('@tq/core/internal'),
    import('./read-config.js'),
  ]);
  setConfigValues(await readConfig(path, folder));
}

function configPath(args: Arguments, folder: string): string | undefined {
  const flag = args.text('config');
  const named = flag ?? (process.env.TQ_CONFIG || undefined);
  if (named === undefined) return findConfig(folder);
  const path = resolve(folder, named);
  if (isFile(path)) return path;
  const name = flag === undefined ? 'TQ_CONFIG' : '--config';
  throw new UsageError(`${name}: expected a config file, found no such file at '${path}'.`, args.command);
}
