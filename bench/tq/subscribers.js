// @ts-check
/** Takes each event once for each of many subscribers, and publishes them itself. */
import { createWorker } from '@tq/worker';
import { EVENT, fanOut, PATTERN, PREFETCH, SUBSCRIBERS } from '../fan-out.js';
import { readJob } from '../job.js';
import { argsOf } from '../task.js';
import { createBenchApp } from './app.js';

const job = readJob();
const app = createBenchApp(job);
const event = app.event(EVENT);
const { taken, start } = fanOut(job, async (n) => event.publish(argsOf(n)));
for (let subscriber = 0; subscriber < SUBSCRIBERS; subscriber++) {
  app.subscribe(PATTERN, taken, { name: `subscriber-${subscriber}` });
}
const worker = createWorker(app, { pool: 'async', concurrency: PREFETCH });
await worker.start();
await start();
await worker.stop();
await app.close();
