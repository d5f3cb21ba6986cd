// @ts-check
import { startSection } from './job.js';

/** @import { Job } from './job.js' */

/**
 * Keeps `inFlight` calls going until the warm-up's and then the measured ones are done.
 * @param {Job} job
 * @param {(n: number) => Promise<unknown>} call resolves with its first argument
 */
export async function measureCalls({ warmUp, count, inFlight = 1 }, call) {
  await keepGoing(warmUp, inFlight, call);
  /** @type {number[]} */
  const latencies = [];
  const end = startSection();
  await keepGoing(count, inFlight, async (n) => {
    const startedAt = performance.now();
    const result = await call(n);
    latencies.push(performance.now() - startedAt);
    return result;
  });
  end(count, latencies);
}

/**
 * @param {number} count
 * @param {number} inFlight
 * @param {(n: number) => Promise<unknown>} call
 */
async function keepGoing(count, inFlight, call) {
  let started = 0;
  const loop = async () => {
    while (started < count) {
      const n = started++;
      const result = await call(n);
      if (result !== n) throw new Error(`expected ${n} as the result of a call, found ${result}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, loop));
}
