import { workerData } from 'node:worker_threads';
import { runChild } from './child-main.js';
import type { ThreadData } from './thread-spawn.js';

/** Where a thread of the pool begins. */
const { port, modules } = workerData as ThreadData;

await runChild(modules, {
  post: (message) => port.postMessage(message),
  listen(receive, closed) {
    port.on('message', receive);
    port.on('close', closed);
  },
});
