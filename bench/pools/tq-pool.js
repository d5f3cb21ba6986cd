// @ts-check
/** tq's pool alone: no broker, no worker. */
import { Registry } from '@tq/core/internal';
import { createPool } from '@tq/worker/internal';
import { argsOf } from '../task.js';

/** @import { PoolServices } from '@tq/worker/internal' */
/** @import { Kind, OpenPool } from './program.js' */

/**
 * @param {Kind} kind
 * @param {number} slots
 * @param {() => void} onFirst
 * @returns {Promise<OpenPool>}
 */
export async function openTqPool(kind, slots, onFirst) {
  const pool = createPool({
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
  await pool.start();
  onFirst();
  // It starts with the first child; the others follow.
  while (pool.free() < slots) await new Promise((resolve) => pool.onFree(() => resolve(undefined)));
  return {
    run: (_, task, n) => {
      const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
      const bodyText = JSON.stringify([argsOf(n), {}, {}]);
      const job = { id, task, attempt: 1, queue: 'tq', rootId: id, parentId: undefined, headers: {}, bodyText };
      return new Promise((resolve, reject) => {
        pool.run(job, (end) => {
          if (end.kind === 'success') resolve(Number(end.resultText));
          else reject(new Error(`expected a result, found ${JSON.stringify(end)}`));
        });
      });
    },
    stop: () => pool.stop(0),
  };
}
