// @ts-check
/** A pool with nothing around it: what threads and processes give by themselves. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { argsOf } from '../task.js';

/** @import { Kind, OpenPool } from './program.js' */

const CHILD = new URL('./bare-child.js', import.meta.url);

/**
 * @param {Kind} kind
 * @param {number} slots
 * @param {() => void} onFirst
 * @returns {Promise<OpenPool>}
 */
export async function openBarePool(kind, slots, onFirst) {
  const children = Array.from({ length: slots }, () => startChild(kind));
  /** @type {((result: number) => void)[]} */
  const waiting = [];
  await Promise.all(
    children.map(async ({ emitter }, slot) => {
      await once(emitter, 'message');
      onFirst();
      emitter.on('message', (/** @type {number} */ result) => waiting[slot]?.(result));
    }),
  );
  return {
    run: (slot, task, n) =>
      new Promise((resolve) => {
        waiting[slot] = resolve;
        children[slot]?.post([task, ...argsOf(n)]);
      }),
    stop: async () => {
      await Promise.all(children.map(({ stop }) => stop()));
    },
  };
}

/** @param {Kind} kind */
function startChild(kind) {
  if (kind === 'thread') {
    const worker = new Worker(CHILD);
    return {
      emitter: worker,
      post: (/** @type {unknown} */ job) => worker.postMessage(job),
      stop: async () => void (await worker.terminate()),
    };
  }
  const child = fork(CHILD);
  return {
    emitter: child,
    post: (/** @type {any} */ job) => void child.send(job),
    stop: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}
