// @ts-check
/** tq's pool alone: no broker, no worker. */
import { Registry } from '@tq/core/internal';
import { createPool } from '@tq/worker/internal';
import { argsOf } from '../task.js';

/** @import { Job } from '@tq/core/internal' */
/** @import { Pool, PoolServices } from '@tq/worker/internal' */
/** @import { Kind, OpenPool } from './program.js' */

/**
 * A pool that is not started yet.
 * @param {Kind} kind
 * @param {number} slots
 */
export function createBenchPool(kind, slots) {
  return createPool({
    kind,
    slots,
    modules: [new URL('./tasks.js', import.meta.url).href],
    services: {
      logger: console,
      transport: /** @type {PoolServices['transport']} */ ({}),
      registry: new Registry(),
      childEnv: {},
    },
  });
}

/**
 * Resolves when so many slots are free.
 * @param {Pool} pool
 * @param {number} slots
 */
export async function whenFree(pool, slots) {
  while (pool.free() < slots) await new Promise((resolve) => pool.onFree(() => resolve(undefined)));
}

/**
 * @param {string} task
 * @param {number} n
 * @returns {Job}
 */
export function jobOf(task, n) {
  const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const bodyText = JSON.stringify([argsOf(n), {}, {}]);
  return { id, task, attempt: 1, queue: 'tq', rootId: id, parentId: undefined, headers: {}, bodyText };
}

/**
 * @param {Kind} kind
 * @param {number} slots
 * @param {() => void} onFirst
 * @returns {Promise<OpenPool>}
 */
export async function openTqPool(kind, slots, onFirst) {
  const pool = createBenchPool(kind, slots);
  await pool.start();
  onFirst();
  // It starts with the first child; the others follow.
  await whenFree(pool, slots);
  return {
    run: (_, task, n) =>
      new Promise((resolve, reject) => {
        pool.run(jobOf(task, n), (end) => {
          if (end.kind === 'success') resolve(Number(end.resultText));
          else reject(new Error(`expected a result, found ${JSON.stringify(end)}`));
        });
      }),
    stop: () => pool.stop(0),
  };
}
