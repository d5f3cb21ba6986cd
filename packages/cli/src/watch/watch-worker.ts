import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Arguments } from '../arguments.js';
import { resolveSettings } from '../config/settings.js';
import { onStopSignals } from '../signals.js';
import { Generation } from './generation.js';
import type { StopKind } from './messages.js';
import { watchedFolders } from './project-folder.js';
import { Supervisor } from './supervisor.js';
import { watchFiles } from './watch-files.js';

const NO_HEALTH =
  'the health port is not used: under watch two workers run for a while, and one port cannot speak for both';

/** What runs under watch. */
export interface WatchWorkerOptions {
  /** Of a command that takes the options of `tq worker`. */
  readonly args: Arguments;
  /** Options of that command alone. */
  readonly without?: readonly string[] | undefined;
  /** Relative to which the task file is found. */
  readonly folder: string;
  /** Beside the environment of this process. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
}

/** A worker under watch. */
export interface WatchedWorker {
  /** Resolves with an exit code when all is over. */
  readonly ended: Promise<number>;
  stop(stop: StopKind, by: string): void;
}

/**
 * Runs a worker anew at every change of the project's files, until signals end it: the first warm, the second cold, the
 * third at once.
 */
export async function watchWorker({
  args,
  without = [],
  folder,
  env,
  log: root,
}: WatchWorkerOptions): Promise<WatchedWorker> {
  const log = root.child({ name: 'watch' });
  const words = args.words([...without, 'watch']);
  const supervisor = new Supervisor({
    launch: (number, listener) => new Generation({ number, words, env }, listener),
    folder,
    log,
  });
  const stop = (kind: StopKind) => (signal: string) => supervisor.stop(kind, signal);
  onStopSignals([stop('warm'), stop('cold')]);
  process.once('exit', () => supervisor.kill());
  const { app, healthPort } = resolveSettings(args);
  if (healthPort !== undefined) log.warn({ healthPort }, NO_HEALTH);
  const folders = watchedFolders(folder, app);
  const unwatch = await watchFiles({
    folders,
    task: app === undefined ? undefined : resolve(folder, app.replace(/#[^#]*$/, '')),
    onChange: (files) => supervisor.changed(files),
    onError: (err) => log.warn({ err }, `some files are not watched: ${err.message}`),
  });
  log.info({ folders }, 'watching for changes');
  supervisor.start();
  return {
    ended: supervisor.finished.finally(unwatch),
    stop: (kind, by) => supervisor.stop(kind, by),
  };
}
