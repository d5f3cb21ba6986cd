import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from '@tq/core';
import { type App, type Logger, setDefaultLogger } from '@tq/core/internal';
import { type ListedTask, type LoadedApp, loadApp, TASK_FILES } from '@tq/worker/internal';
import type { Arguments } from './arguments.js';
import type { OptionSpec } from './command.js';
import { resolveSettings } from './config/settings.js';

/** `--app` of commands that also work without a task file. */
export const APP_OPTION: Readonly<Record<string, OptionSpec>> = {
  app: {
    kind: 'text',
    describe: 'Task file, FILE or FILE#export. Default: tasks.ts and the like where there is one, else TQ_* alone',
  },
};

/** An app, and the tasks that are known with it. */
export type OpenedApp = Pick<LoadedApp, 'app' | 'tasks'>;

/**
 * The app of `--app`, else of the task file that a worker would take here, else one of variables and the config file
 * alone.
 * @throws {TqError} `invalid-option`, `task-load-failed`
 */
export async function openApp(args: Arguments, logger: Logger): Promise<OpenedApp> {
  setDefaultLogger(logger);
  const hasFile =
    resolveSettings(args).app !== undefined || TASK_FILES.some((file) => existsSync(join(process.cwd(), file)));
  return hasFile ? loadTasks(args) : withoutTasks(createApp());
}

/**
 * Loads the task file as a worker does; what it prints meanwhile is no data of the command and goes to standard error.
 * @throws {TqError} `invalid-option`, `task-load-failed`
 */
export async function loadTasks(args: Arguments): Promise<LoadedApp> {
  const { stdout, stderr } = process;
  const { write } = stdout;
  stdout.write = stderr.write.bind(stderr) as typeof write;
  try {
    return await loadApp(resolveSettings(args).app, process.cwd());
  } finally {
    stdout.write = write;
  }
}

function withoutTasks(app: App): OpenedApp {
  const tasks: readonly ListedTask[] = [];
  return { app, tasks };
}
