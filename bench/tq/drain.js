// @ts-check
/** Consumes a full queue of calls that want no reply; in mode `retries` of a task that would run again if it failed. */
import { createWorker } from '@tq/worker';
import { countedSection, readJob } from '../job.js';
import { TASK } from '../task.js';
import { createBenchApp } from './app.js';

const job = readJob();
const section = countedSection(job);
const app = createBenchApp(job);
const options = job.mode === 'retries' ? { retry: { maxRetries: 5 } } : {};
app.task(
  TASK,
  (/** @type {number} */ n) => {
    section.tick();
    return n;
  },
  options,
);
const worker = createWorker(app, { pool: 'async', concurrency: job.slots });
await worker.start();
await section.done;
await worker.stop();
await app.close();
