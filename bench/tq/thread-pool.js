// @ts-check
/** Runs no-op jobs through a thread pool alone: no broker, one job in each slot all the time. */
import { Registry } from '@tq/core/internal';
import { createPool } from '@tq/worker/internal';
import { readJob, startSection } from '../job.js';
import { argsOf, TASK } from '../task.js';

/** @import { PoolServices } from '@tq/worker/internal' */

const { slots = 2, warmUp, count } = readJob();
const pool = createPool({
  kind: 'thread',
  slots,
  modules: [new URL('./thread-tasks.js', import.meta.url).href],
  services: {
    logger: console,
    transport: /** @type {PoolServices['transport']} */ ({}),
    registry: new Registry(),
    childEnv: {},
  },
});
await pool.start();
// It starts with the first thread; the others follow.
while (pool.free() < slots) await new Promise((resolve) => pool.onFree(() => resolve(undefined)));

/**
 * @param {number} n
 * @returns {Promise<void>}
 */
function run(n) {
  const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const bodyText = JSON.stringify([argsOf(n), {}, {}]);
  const job = { id, task: TASK, attempt: 1, queue: 'tq', rootId: id, parentId: undefined, headers: {}, bodyText };
  return new Promise((resolve, reject) => {
    pool.run(job, (end) => {
      if (end.kind === 'success' && end.resultText === String(n)) resolve();
      else reject(new Error(`expected ${n} as a job's result, found ${JSON.stringify(end)}`));
    });
  });
}

/** @param {number} jobs */
async function runAll(jobs) {
  let started = 0;
  const loop = async () => {
    while (started < jobs) await run(started++);
  };
  await Promise.all(Array.from({ length: slots }, loop));
}

await runAll(warmUp);
const end = startSection();
await runAll(count);
end(count);
await pool.stop(0);
