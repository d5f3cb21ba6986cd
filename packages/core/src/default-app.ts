import { type App, createApp } from './app.js';
import type { ArgsSchema, ResultSchema } from './schema/standard-schema.js';
import type { DefinitionOptions, SchemaOptions, TaskOptions } from './task/options.js';
import type { CallOf, HandlerFor, Task } from './task/task.js';

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
 * The types of its calls and results come from its schemas, and where it has none from the handler, whose parameters
 * must be typed; a recursive one states its result type.
 * @throws {TqError} `duplicate-task`, `invalid-option`, `unknown-option`
 */
export function defineTask<
  const N extends string,
  F extends CallableFunction,
  A extends ArgsSchema | undefined = undefined,
  R extends ResultSchema | undefined = undefined,
>(
  definition: { readonly name: N } & TaskOptions & SchemaOptions<A, R>,
  handler: F & HandlerFor<F, A, R>,
): Task<N, F, CallOf<F, A, R>>;
// The form used most comes last: where none fits, the compiler explains the last one.
export function defineTask<
  const N extends string,
  F extends CallableFunction,
  A extends ArgsSchema | undefined = undefined,
  R extends ResultSchema | undefined = undefined,
>(name: N, handler: F & HandlerFor<F, A, R>, options?: TaskOptions & SchemaOptions<A, R>): Task<N, F, CallOf<F, A, R>>;
export function defineTask<
  N extends string,
  F extends CallableFunction,
  A extends ArgsSchema | undefined,
  R extends ResultSchema | undefined,
>(
  first: N | ({ readonly name: N } & TaskOptions & SchemaOptions<A, R>),
  handler: F & HandlerFor<F, A, R>,
  options?: TaskOptions & SchemaOptions<A, R>,
): Task<N, F, CallOf<F, A, R>> {
  const app = defaultApp();
  return typeof first === 'string'
    ? app.task<N, F, A, R>(first, handler, options)
    : app.task<N, F, A, R>(first, handler);
}

/**
 * A task of the default app that is defined elsewhere: `declareTask<typeof fib>('fib', { queue: 'math' })`. With `args`
 * calls are validated before they are sent; without, the worker alone does it.
 */
export function declareTask<T extends Task>(
  name: T['name'],
  options?: TaskOptions & Pick<DefinitionOptions, 'args'>,
): T {
  return defaultApp().declareTask<T>(name, options);
}
