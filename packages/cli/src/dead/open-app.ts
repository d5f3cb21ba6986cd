import { type App, type DeadLetterFilter, hasCode } from '@tq/core';
import { delayDeadQueue } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import { noteLogger } from '../note-logger.js';
import type { Output } from '../output.js';
import { missingQueue } from '../queues/known-queue.js';
import { openQueuesApp } from '../queues/open-app.js';
import { timeoutOf } from '../queues/options.js';

/**
 * The app of a command line. A queue that somebody mistyped would pass for one without dead letters, so those that the app
 * does not know are looked at.
 * @throws {TqError} `queue-missing`, `queue-timeout`, `invalid-option`, `task-load-failed`
 */
export async function openDeadApp(args: Arguments, output: Output, { queues = [] }: DeadLetterFilter): Promise<App> {
  const { app, taskQueues } = await openQueuesApp(args, noteLogger(output));
  try {
    for (const name of queues) await requireKnown(app, name, [...taskQueues, delayDeadQueue('')], timeoutOf(args));
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

async function requireKnown(app: App, name: string, known: readonly string[], timeout: number): Promise<void> {
  if (known.includes(name)) return;
  try {
    await app.queue(name).dead.depth({ timeout });
  } catch (error) {
    throw hasCode(error, 'queue-missing') ? missingQueue(name, known) : error;
  }
}
