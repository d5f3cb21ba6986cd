// @ts-check
/** Measures one pool of one slot in a process of its own: how long the slot is missed when a task is stuck in it. */
import { createBenchPool, jobOf, whenFree } from './tq-pool.js';

/** @import { JobEnd } from '@tq/core/internal' */
/** @import { Kind } from './program.js' */

/** @typedef {{ kind: Kind, times: number, limitMs: number }} LimitJob */
/** @typedef {{ nextJobMs: readonly number[] }} LimitSample from the hard limit to the end of a no-op job in the slot */

const { kind, times, limitMs } = /** @type {LimitJob} */ (JSON.parse(/** @type {string} */ (process.argv[2])));

const pool = createBenchPool(kind, 1);
await pool.start();
/** @type {number[]} */
const nextJobMs = [];
while (nextJobMs.length < times) {
  const limitAt = performance.now() + limitMs;
  const stuck = run('spin', limitMs);
  await whenFree(pool, 1);
  await run('echo');
  nextJobMs.push(performance.now() - limitAt);
  const end = await stuck;
  if (end.kind !== 'failure') throw new Error(`expected a failure at the limit, found ${JSON.stringify(end)}`);
}
await pool.stop(0);
/** @type {LimitSample} */
const sample = { nextJobMs };
process.send?.(sample, () => process.disconnect());

/**
 * @param {'spin' | 'echo'} task
 * @param {number} [timeLimit]
 * @returns {Promise<JobEnd>}
 */
function run(task, timeLimit) {
  const limits = timeLimit === undefined ? undefined : { timeLimit, softTimeLimit: undefined };
  return new Promise((resolve) => pool.run({ ...jobOf(task, 0), limits }, resolve));
}
