// @ts-check
/** Consumes a full queue of calls that want no reply; acks one by one (`each`) or once a turn (`coalesced`). */
import { countedSection, readJob } from '../job.js';
import { TASK } from '../task.js';
import { ackEach, ackOnceATurn } from './acks.js';
import { connectBoth } from './broker.js';
import { consumeTasks } from './consume.js';

const job = readJob();
const section = countedSection(job);
/** @param {number} n */
const echo = (n) => {
  section.tick();
  return n;
};
const broker = await connectBoth(job.url);
const worker = await consumeTasks(broker, job, new Map([[TASK, echo]]), job.mode === 'each' ? ackEach : ackOnceATurn);
await section.done;
await worker.stop();
await broker.close();
