import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from '@tq/core';
import { type App, deadLetterQueue, internalsOf, setDefaultLogger } from '@tq/core/internal';
import { loadApp, TASK_FILES } from '@tq/worker/internal';
import type { Arguments } from '../arguments.js';
import { resolveSettings } from '../config/settings.js';
import { noteLogger } from '../note-logger.js';
import type { Output } from '../output.js';

/** An app, and the queues that it is known to use. */
export interface QueuesApp {
  readonly app: App;
  /** Names without prefix, in alphabetical order, the queues of dead letters among them. */
  readonly queues: readonly string[];
  /** Names of the tasks whose calls go to a queue. */
  tasksOf(queue: string): readonly string[];
}

/**
 * The app of `--app`, else of the task file that a worker would take here, else one of `TQ_*` variables alone.
 * @throws {TqError} `invalid-option`, `task-load-failed`
 */
export async function openQueuesApp(args: Arguments, output: Output): Promise<QueuesApp> {
  setDefaultLogger(noteLogger(output));
  const folder = process.cwd();
  const spec = resolveSettings(args).app;
  const hasFile = spec !== undefined || TASK_FILES.some((file) => existsSync(join(folder, file)));
  const { app, tasks } = hasFile ? await loadApp(spec, folder) : { app: createApp(), tasks: [] };
  const { options } = internalsOf(app);
  const named = tasks.flatMap(({ queue }) => (queue === undefined ? [] : [queue]));
  const taskQueues = new Set([options.queue, ...named, ...Object.keys(options.queues)]);
  return {
    app,
    queues: [...taskQueues].sort().flatMap((queue) => [queue, deadLetterQueue(queue)]),
    tasksOf: (queue) => tasks.filter((task) => task.queue === queue).map(({ name }) => name),
  };
}
