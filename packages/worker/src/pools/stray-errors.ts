import { findCurrentTask, type Logger } from '@tq/core/internal';

/**
 * Logs a rejection that nobody awaits, with the task that caused it where the promise still knows it.
 * @returns false when it came from no task and nothing was logged
 */
export function logTaskRejection(reason: unknown): boolean {
  const context = findCurrentTask();
  context?.log.error({ err: reason }, MESSAGE);
  return context !== undefined;
}

/** Logs a rejection that nobody awaits and that came from no task. */
export function logRejection(logger: Logger, fields: object, reason: unknown): void {
  logger.error({ ...fields, err: reason }, MESSAGE);
}

const MESSAGE =
  'A promise was rejected and nobody awaits it; the task goes on. Await the promise in the handler, or give it a catch().';

let guards = 0;

/**
 * Keeps the process alive when a task of the async pool leaves a rejection that nobody awaits: it is logged. One that
 * comes from no task is none of ours: unless the program listens for it, it ends the process as Node.js has it.
 * @returns takes the guard back
 */
export function guardRejections(): () => void {
  guards++;
  if (guards === 1) process.on('unhandledRejection', guard);
  return () => {
    guards--;
    if (guards === 0) process.off('unhandledRejection', guard);
  };
}

function guard(reason: unknown): void {
  if (logTaskRejection(reason)) return;
  // Thrown from this listener it becomes an uncaught exception, which is Node's default.
  if (process.listenerCount('unhandledRejection') === 1) throw reason;
}
