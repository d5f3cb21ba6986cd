// @ts-check
/** Answers calls until the harness stops it. */
import { createWorker } from '@tq/worker';
import { readJob, serve } from '../job.js';
import { TASK } from '../task.js';
import { createBenchApp } from './app.js';

const job = readJob();
const app = createBenchApp(job);
app.task(TASK, (/** @type {number} */ n) => n);
const worker = createWorker(app, { pool: 'async', concurrency: job.slots });
await worker.start();
serve(async () => {
  await worker.stop();
  await app.close();
});
