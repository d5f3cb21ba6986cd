// @ts-check
/** Runs the steps of canvases until the harness stops it. */
import { createWorker } from '@tq/worker';
import { readJob, serve } from '../job.js';
import { FIRST_TASK, TASK } from '../task.js';
import { createBenchApp } from './app.js';

const job = readJob();
const app = createBenchApp(job);
app.task(TASK, (/** @type {number} */ n) => n);
app.task(FIRST_TASK, (/** @type {readonly number[]} */ [one]) => one);
const worker = createWorker(app, { pool: 'async', concurrency: job.slots });
await worker.start();
serve(async () => {
  await worker.stop();
  await app.close();
});
