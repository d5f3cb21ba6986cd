// @ts-check
/** Answers calls until the harness stops it. */
import { readJob, serve } from '../job.js';
import { TASK } from '../task.js';
import { ackEach } from './acks.js';
import { connectBoth } from './broker.js';
import { consumeTasks } from './consume.js';

const job = readJob();
const broker = await connectBoth(job.url);
/** @param {number} n */
const echo = (n) => n;
const worker = await consumeTasks(broker, job, new Map([[TASK, echo]]), ackEach);
serve(async () => {
  await worker.stop();
  await broker.close();
});
