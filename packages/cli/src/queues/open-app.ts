import { type App, deadLetterQueue, delayDeadQueue, internalsOf, type Logger, routedQueues } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import { openApp } from '../open-app.js';

/** An app, and the queues that it is known to use. */
export interface QueuesApp {
  readonly app: App;
  /** Names without prefix: in alphabetical order, each with its dead letters, and what the delays could not deliver. */
  readonly queues: readonly string[];
  /** Those of them that tasks go to. */
  readonly taskQueues: readonly string[];
  /** Names of the tasks whose calls go to a queue. */
  tasksOf(queue: string): readonly string[];
}

/**
 * The app of a command line, with its queues.
 * @throws {TqError} `invalid-option`, `task-load-failed`
 */
export async function openQueuesApp(args: Arguments, logger: Logger): Promise<QueuesApp> {
  const { app, tasks } = await openApp(args, logger);
  const { options } = internalsOf(app);
  const named = tasks.flatMap(({ queue }) => (queue === undefined ? [] : [queue]));
  const taskQueues = [
    ...new Set([options.queue, ...named, ...routedQueues(options.routes), ...Object.keys(options.queues)]),
  ].sort();
  return {
    app,
    queues: [...taskQueues.flatMap((queue) => [queue, deadLetterQueue(queue)]), delayDeadQueue('')],
    taskQueues,
    tasksOf: (queue) => tasks.filter((task) => task.queue === queue).map(({ name }) => name),
  };
}
