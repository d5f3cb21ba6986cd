// @ts-check
/** A whole worker program by hand, for its start and its memory: prints a line with its first task, ends on SIGTERM. */
import { writeSync } from 'node:fs';
import { readJob } from '../job.js';
import { TASK } from '../task.js';
import { ackEach } from './acks.js';
import { connectBoth } from './broker.js';
import { consumeTasks } from './consume.js';

const job = readJob();
/** @param {number} n */
const echo = (n) => {
  writeSync(1, 'first task\n');
  return n;
};
const broker = await connectBoth(job.url);
const worker = await consumeTasks(broker, job, new Map([[TASK, echo]]), ackEach);
process.once('SIGTERM', async () => {
  await worker.stop();
  await broker.close();
});
