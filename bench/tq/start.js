// @ts-check
/** A whole worker program with `createWorker`, for its start and its memory: prints a line with its first task. */
import { writeSync } from 'node:fs';
import { createWorker } from '@tq/worker';
import { readJob } from '../job.js';
import { TASK } from '../task.js';
import { createBenchApp } from './app.js';

const job = readJob();
const app = createBenchApp(job);
app.task(TASK, (/** @type {number} */ n) => {
  writeSync(1, 'first task\n');
  return n;
});
const worker = createWorker(app, { pool: 'async', concurrency: job.slots });
await worker.start();
process.once('SIGTERM', async () => {
  await worker.stop();
  await app.close();
});
