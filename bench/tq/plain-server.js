// @ts-check
/** Answers plain questions until the harness stops it. */
import { createWorker } from '@tq/worker';
import { readJob, serve } from '../job.js';
import { TASK } from '../task.js';
import { createBenchApp } from './app.js';

const job = readJob();
const app = createBenchApp(job);
app.task(TASK, (/** @type {[n: number, text: string]} */ [n]) => n, { queue: job.queue, wire: 'plain' });
const worker = createWorker(app, { pool: 'async', concurrency: job.slots });
await worker.start();
serve(async () => {
  await worker.stop();
  await app.close();
});
