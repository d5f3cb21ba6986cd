import {
  MessageChannel,
  type MessagePort,
  type ResourceLimits,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import type { Child, ChildEvents, Spawn } from './child-life.js';
import type { ChildMessage } from './job-messages.js';

/** What a thread is started with. */
export interface ThreadData {
  /** The way to the parent; a port of its own, so that nothing that a task does with `parentPort` gets in between. */
  readonly port: MessagePort;
  readonly modules: readonly string[];
}

/** The bootstrap is JavaScript, and registers the TypeScript loader itself: loaders patch the main thread only. */
const ENTRY = new URL('./thread-child.js', import.meta.url);

/**
 * Starts threads that run the tasks of these modules.
 * @param modules file URLs or absolute paths
 * @param env beside the process's own variables
 * @param resourceLimits of each thread's heap; Node's own when undefined
 */
export function createThreadSpawn(
  modules: readonly string[],
  env: Readonly<Record<string, string>>,
  resourceLimits: ResourceLimits | undefined,
): Spawn {
  return (events) => spawnThread(modules, env, resourceLimits, events);
}

function spawnThread(
  modules: readonly string[],
  env: Readonly<Record<string, string>>,
  resourceLimits: ResourceLimits | undefined,
  events: ChildEvents,
): Child {
  const { port1: port, port2 } = new MessageChannel();
  const workerData: ThreadData = { port: port2, modules };
  const worker = new Worker(ENTRY, {
    name: 'tq-slot',
    workerData,
    env: { ...process.env, ...env },
    transferList: [port2],
    ...(resourceLimits === undefined ? {} : { resourceLimits }),
  });
  let how: string | undefined;
  port.on('message', (message: ChildMessage) => events.message(message));
  worker.on('error', (error: Error & { code?: unknown }) => {
    how = `${typeof error.code === 'string' ? error.code : error.name}: ${error.message}`;
  });
  worker.on('exit', (exitCode) => {
    drain(port, events);
    port.close();
    events.exited(how ?? `exit code ${exitCode}`);
  });
  return { post: (message) => port.postMessage(message), kill: () => void worker.terminate() };
}

/** The exit can overtake messages that are in the port still: a job whose end was told did end. */
function drain(port: MessagePort, events: ChildEvents): void {
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: ChildMessage } | undefined;
    if (received === undefined) return;
    events.message(received.message);
  }
}
