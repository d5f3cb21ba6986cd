// @ts-check
import { setTimeout as wait } from 'node:timers/promises';
import { hasCode } from '@tq/core';

/** Between two looks at the queue, ms. */
const EVERY_MS = 20;

/**
 * Looks at a queue again and again until `stop` is called, which gives the depths that were seen.
 * @param {import('@tq/core').TaskQueue} queue
 */
export function sampleDepth(queue) {
  const startedAt = performance.now();
  /** @type {number[]} */
  const depths = [];
  let stopped = false;

  const looking = (async () => {
    while (!stopped) {
      depths.push(await depthOf(queue));
      await wait(EVERY_MS);
    }
  })();

  return {
    async stop() {
      stopped = true;
      await looking;
      depths.push(await depthOf(queue));
      return { depths, seconds: (performance.now() - startedAt) / 1_000 };
    },
  };
}

/**
 * Before the first order and the first worker there is no queue.
 * @param {import('@tq/core').TaskQueue} queue
 */
async function depthOf(queue) {
  try {
    return (await queue.depth()).messages;
  } catch (error) {
    if (hasCode(error, 'queue-missing')) return 0;
    throw error;
  }
}
