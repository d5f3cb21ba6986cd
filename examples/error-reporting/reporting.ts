import { defaultApp, onWorkerStart } from '@tq/core';
import { report } from './reporter.js';

/** Every task that fails is reported where it ran, with its error as it was thrown; then it fails as it would have. */
defaultApp().use({
  execute: async (run, next) => {
    try {
      return await next();
    } catch (error) {
      const { task, id, attempt, queue, headers } = run.context;
      await report('error', error, { task, id, attempt, queue, tenant: String(headers.tenant) });
      throw error;
    }
  },
});

/** A task that takes its thread down cannot report that itself: the worker tells of it. */
onWorkerStart((worker) => {
  worker.on('task:lost', async ({ task, id, attempt, queue, headers, how, losses, givenUp }) => {
    const error = new Error(`${how} (loss ${losses})`);
    error.name = 'TaskLost';
    await report(givenUp ? 'error' : 'warning', error, { task, id, attempt, queue, tenant: String(headers.tenant) });
  });
});
