// @ts-check
/**
 * Publishes calls: each awaited (`awaited`), a window of them at a time (`pipelined`, to the job's exchange where it has one,
 * and `delayed` by an hour), or as one list (`bulk`).
 */
import { readJob, startSection } from '../job.js';
import { argsOf, TASK } from '../task.js';
import { createBenchApp } from './app.js';

const WINDOW = 1_000;
const HOUR = 3_600_000;

const job = readJob();
const { exchange, routingKey } = job;
const app = createBenchApp(job);
const echo = app.task(TASK, (/** @type {number} */ n, /** @type {string} */ _text) => n, { ignoreResult: true });

/** @param {number} calls */
async function enqueue(calls) {
  switch (job.mode) {
    case 'bulk':
      await echo.bulk(Array.from({ length: calls }, (_, n) => argsOf(n)));
      return;
    case 'pipelined':
      if (exchange === undefined) await pipeline(calls, (n) => echo.delay(...argsOf(n)));
      else await pipeline(calls, (n) => echo.apply(argsOf(n), { exchange, routingKey }));
      return;
    case 'delayed':
      await pipeline(calls, (n) => echo.apply(argsOf(n), { countdown: HOUR }));
      return;
    default:
      for (let n = 0; n < calls; n++) await echo.delay(...argsOf(n)).published;
  }
}

/**
 * @param {number} calls
 * @param {(n: number) => { readonly published: Promise<unknown> }} call
 * @returns {Promise<void>}
 */
function pipeline(calls, call) {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let confirmed = 0;
    const onConfirm = () => {
      if (++confirmed === calls) resolve();
      else fill();
    };
    const fill = () => {
      while (sent < calls && sent - confirmed < WINDOW) call(sent++).published.then(onConfirm, reject);
    };
    fill();
  });
}

await enqueue(job.warmUp);
const end = startSection();
await enqueue(job.count);
end(job.count);
await app.close();
