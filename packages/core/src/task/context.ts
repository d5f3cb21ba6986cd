import { AsyncLocalStorage } from 'node:async_hooks';
import { TqError } from '../errors.js';
import type { EarlierError } from '../protocol/earlier-errors.js';
import type { ForeignMessage } from '../protocol/foreign-message.js';
import type { Headers } from '../protocol/message.js';
import type { Logger } from '../runtime.js';
import type { Composable } from './canvas.js';

/** What a running task knows of itself. */
export interface TaskContext {
  /** The task's id, by which its result is found. */
  readonly id: string;
  /** The task's name. */
  readonly task: string;
  /** 1 on the first try. */
  readonly attempt: number;
  /** What earlier tries failed with, the oldest first, the last 10 at most. */
  readonly errors: readonly EarlierError[];
  /** The queue that it was delivered from. */
  readonly queue: string;
  /** The caller's own headers. */
  readonly headers: Headers;
  /** First task of the tree; equals `id` for a root. */
  readonly rootId: string;
  /** The task that called this one; undefined for a root. */
  readonly parentId: string | undefined;
  /** Keyword arguments of a Python caller; empty for tq's own calls. */
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** What the message says of itself that came from a plain program or as an event; undefined for a call of a task. */
  readonly message: ForeignMessage | undefined;
  /**
   * Tells the caller how far the task is: `progress(3, 10)`, `progress(3, undefined, 'reading')`. One that reads
   * `result.progress()` gets the newest, at most ten a second. Costs nothing worth counting and never fails for want
   * of a listener.
   * Throws a {@link TqError} `invalid-option` for a `done` or a `total` that is no finite number from 0 on, or a message
   * that is no text; a message is cut after 1,000 characters.
   */
  readonly progress: (done: number, total?: number | undefined, message?: string | undefined) => void;
  /**
   * Ends the run, and has a canvas run in the task's place: `return currentTask().replace(chain(…))`. What that comes to is
   * what this task comes to, for its caller and for all that follows it in its own canvas; a group's result is its list.
   * Never returns: it throws what tq recognises, so that a `catch` around it must throw it on.
   * Throws a {@link TqError}: what is wrong with the canvas, with the step named; `invalid-option` in a task whose message
   * came from a plain program or as an event.
   */
  readonly replace: (canvas: Composable<never, unknown, true, unknown>) => never;
  /** Aborts when the run must end: with a `SoftTimeLimitError` at its soft limit, with `worker-stopped` at a cold stop. Made when first read. */
  readonly signal: AbortSignal;
  /** Logs with the task's id and name. */
  readonly log: Logger;
}

/** One storage a process, whichever copy of this package asks: under a loader a task file may get a copy of its own. */
const KEY = Symbol.for('tq.task-context');
const globals = globalThis as { [KEY]?: AsyncLocalStorage<TaskContext> };

function storage(): AsyncLocalStorage<TaskContext> {
  globals[KEY] ??= new AsyncLocalStorage<TaskContext>();
  return globals[KEY];
}

/**
 * The context of the task that is running here.
 * @throws {TqError} `not-a-task` outside one
 */
export function currentTask(): TaskContext {
  const context = storage().getStore();
  if (context !== undefined) return context;
  throw new TqError(
    'not-a-task',
    'currentTask() works inside a running task only; task.run(…) calls the bare function.',
  );
}

/** The context of the running task, or undefined outside one. */
export function findCurrentTask(): TaskContext | undefined {
  return storage().getStore();
}

/** Runs `body` as the task that `context` describes. */
export function runInTask<T>(context: TaskContext, body: () => T): T {
  return storage().run(context, body);
}
