// @ts-check
/** Publishes calls, each awaited (`awaited`) or as many at a time as the window takes (`pipelined`). */
import { randomUUID } from 'node:crypto';
import { readJob, startSection } from '../job.js';
import { argsOf, TASK } from '../task.js';
import { connectBoth } from './broker.js';
import { encodeCall } from './message.js';
import { addressOf, openPublisher, publish, publishMany } from './publisher.js';

const job = readJob();
const { url, mode, warmUp, count } = job;
const address = addressOf(job);
const broker = await connectBoth(url);
const channel = await openPublisher(broker.publishing);

/** @param {number} n */
const encode = (n) => encodeCall({ id: randomUUID(), task: TASK, args: argsOf(n) });

/** @param {number} calls */
async function enqueue(calls) {
  if (mode === 'pipelined') return publishMany(channel, address, calls, encode);
  for (let n = 0; n < calls; n++) await publish(channel, address, encode(n));
}

await enqueue(warmUp);
const end = startSection();
await enqueue(count);
end(count);
await broker.close();
