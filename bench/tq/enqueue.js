// @ts-check
/** Publishes calls: each awaited (`awaited`), a window of them at a time (`pipelined`), or as one list (`bulk`). */
import { readJob, startSection } from '../job.js';
import { argsOf, TASK } from '../task.js';
import { createBenchApp } from './app.js';

const WINDOW = 1_000;

const job = readJob();
const app = createBenchApp(job);
const echo = app.task(TASK, (/** @type {number} */ n, /** @type {string} */ _text) => n, { ignoreResult: true });

/** @param {number} calls */
async function enqueue(calls) {
  switch (job.mode) {
    case 'bulk':
      await echo.bulk(Array.from({ length: calls }, (_, n) => argsOf(n)));
      return;
    case 'pipelined':
      await pipeline(calls);
      return;
    default:
      for (let n = 0; n < calls; n++) await echo.delay(...argsOf(n)).published;
  }
}

/**
 * @param {number} calls
 * @returns {Promise<void>}
 */
function pipeline(calls) {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let confirmed = 0;
    const onConfirm = () => {
      if (++confirmed === calls) resolve();
      else fill();
    };
    const fill = () => {
      while (sent < calls && sent - confirmed < WINDOW) echo.delay(...argsOf(sent++)).published.then(onConfirm, reject);
    };
    fill();
  });
}

await enqueue(job.warmUp);
const end = startSection();
await enqueue(job.count);
end(job.count);
await app.close();
