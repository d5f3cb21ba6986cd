import { toError } from '../errors.js';
import type { WorkerEvents, WorkerIdentity } from '../worker-events.js';

/** What a worker is, for hooks that start and stop with it. */
export interface WorkerInfo extends WorkerIdentity {
  /** Observes what the worker does until the function that it returns is called; the way to its events under `tq worker`. */
  on<K extends keyof WorkerEvents>(name: K, listener: (event: WorkerEvents[K]) => unknown): () => void;
}

/** The moments of a life, each with what its hooks are given. */
interface LifeHooks {
  readonly slotStart: undefined;
  readonly slotStop: undefined;
  readonly workerStart: WorkerInfo;
  readonly workerReady: WorkerInfo;
  readonly workerStop: WorkerInfo;
}

type Moment = keyof LifeHooks;
type Hook = (info: never) => unknown;

/** One set of hooks a process or thread, whichever copy of this package asks. */
const KEY = Symbol.for('tq.life-hooks');
const globals = globalThis as { [KEY]?: Map<Moment, Hook[]> };

/**
 * Runs when a slot has loaded the task modules and before its first task: opens what its tasks share, a database pool
 * for instance. A slot is a thread or a process; the async pool is one slot in this sense, whatever its concurrency. One
 * that throws keeps the slot from starting.
 */
export function onSlotStart(hook: () => unknown): void {
  add('slotStart', hook);
}

/** Runs when a slot ends in peace: at a warm stop, and when it is recycled; the last one that was added comes first. */
export function onSlotStop(hook: () => unknown): void {
  add('slotStop', hook);
}

/**
 * Runs once in the worker's own process, before it connects; what it observes there it hears from the beginning. One
 * that throws keeps the worker from starting: `start()` rejects with that error. In a task module it is found under
 * `tq worker` and in an async pool; a program that starts a worker with threads or processes adds it itself.
 */
export function onWorkerStart(hook: (worker: WorkerInfo) => unknown): void {
  add('workerStart', hook);
}

/**
 * Runs once in the worker's own process, when every queue is consumed; `start()` resolves after it. One that throws is
 * logged, and the worker goes on.
 */
export function onWorkerReady(hook: (worker: WorkerInfo) => unknown): void {
  add('workerReady', hook);
}

/**
 * Runs once in the worker's own process when it has stopped, also after a start that failed; the last one that was added
 * comes first. What ran is over and settled, and calls can still be published. One that throws is logged. All together
 * get what is left of `shutdownTimeout`, but at least `abortGrace`.
 */
export function onWorkerStop(hook: (worker: WorkerInfo) => unknown): void {
  add('workerStop', hook);
}

/** Runs the hooks of a beginning one after the other, in the order in which they were added; rejects with the first that fails. */
export async function runStartHooks<M extends 'slotStart' | 'workerStart'>(
  moment: M,
  info: LifeHooks[M],
): Promise<void> {
  for (const hook of hooks(moment)) await hook(info as never);
}

/**
 * Runs the hooks of a worker that is ready, in the order in which they were added. Each runs, whatever the others do.
 * @returns what failed
 */
export function runReadyHooks(info: WorkerInfo): Promise<readonly Error[]> {
  return runEach(hooks('workerReady'), info);
}

/**
 * Runs the hooks of an end, the last one that was added first. Each runs, whatever the others do.
 * @returns what failed
 */
export function runStopHooks<M extends 'slotStop' | 'workerStop'>(
  moment: M,
  info: LifeHooks[M],
): Promise<readonly Error[]> {
  return runEach([...hooks(moment)].reverse(), info);
}

async function runEach(all: readonly Hook[], info: LifeHooks[Moment]): Promise<readonly Error[]> {
  const failures: Error[] = [];
  for (const hook of all) {
    try {
      await hook(info as never);
    } catch (thrown) {
      failures.push(toError(thrown));
    }
  }
  return failures;
}

/** Whether anything is to run at this moment. */
export function hasHooks(moment: Moment): boolean {
  return hooks(moment).length > 0;
}

function add(moment: Moment, hook: Hook): void {
  globals[KEY] ??= new Map();
  globals[KEY].set(moment, [...hooks(moment), hook]);
}

function hooks(moment: Moment): readonly Hook[] {
  return globals[KEY]?.get(moment) ?? [];
}
