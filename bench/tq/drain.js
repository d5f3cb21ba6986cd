// @ts-check
/** Consumes a full queue of calls that want no reply. */
import { createWorker } from '@tq/worker';
import { countedSection, readJob } from '../job.js';
import { TASK } from '../task.js';
import { createBenchApp } from './app.js';

const job = readJob();
const section = countedSection(job);
const app = createBenchApp(job);
app.task(TASK, (/** @type {number} */ n) => {
  section.tick();
  return n;
});
const worker = createWorker(app, { pool: 'async', concurrency: job.slots });
await worker.start();
await section.done;
await worker.stop();
await app.close();
