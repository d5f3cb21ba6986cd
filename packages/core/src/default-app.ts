import { type App, createApp } from './app.js';
import type { TaskOptions } from './task/options.js';
import type { Task } from './task/task.js';

/** One default app a process, whichever copy of this package asks. */
const KEY = Symbol.for('tq.default-app');
const globals = globalThis as { [KEY]?: App };

/** The app of `defineTask`, configured by `TQ_*` variables; made when first asked for, connected by the first call. */
export function defaultApp(): App {
  globals[KEY] ??= createApp();
  return globals[KEY];
}

/**
 * Makes a task of a function, on the default app.
 *
 * The types of its calls and results come from the handler, whose parameters must be typed; a recursive one states
 * its result type.
 * @throws {TqError} `duplicate-task`, `invalid-option`, `unknown-option`
 */
export function defineTask<const N extends string, F extends CallableFunction>(
  definition: { readonly name: N } & TaskOptions,
  handler: F,
): Task<N, F>;
// The form used most comes last: where none fits, the compiler explains the last one.
export function defineTask<const N extends string, F extends CallableFunction>(
  name: N,
  handler: F,
  options?: TaskOptions,
): Task<N, F>;
export function defineTask<N extends string, F extends CallableFunction>(
  first: N | ({ readonly name: N } & TaskOptions),
  handler: F,
  options?: TaskOptions,
): Task<N, F> {
  const app = defaultApp();
  return typeof first === 'string' ? app.task(first, handler, options) : app.task(first, handler);
}

/** A task of the default app that is defined elsewhere: `declareTask<typeof fib>('fib', { queue: 'math' })`. */
export function declareTask<T extends Task>(name: T['name'], options?: TaskOptions): T {
  return defaultApp().declareTask<T>(name, options);
}
