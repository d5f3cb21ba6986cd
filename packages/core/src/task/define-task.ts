import type { ArgsSchema, ResultSchema } from '../schema/standard-schema.js';
import type { DefinitionOptions, SchemaOptions, TaskOptions } from './options.js';
import type { CallOf, HandlerFor, Task } from './task.js';

/** A definition that begins with its name and options, as whoever makes the task sees it. */
export type NamedDefinition = { readonly name: string } & DefinitionOptions;

/**
 * Makes a task of a function, of an app or of the default one.
 *
 * The types of its calls and results come from its schemas, and where it has none from the handler, whose parameters
 * must be typed; a recursive one states its result type.
 */
export interface DefineTask {
  /**
   * The definition first, and then the handler.
   * @throws {TqError} `duplicate-task`, `invalid-option`, `unknown-option`
   */
  <
    const N extends string,
    F extends CallableFunction,
    A extends ArgsSchema | undefined = undefined,
    R extends ResultSchema | undefined = undefined,
  >(
    definition: { readonly name: N } & TaskOptions & SchemaOptions<A, R>,
    handler: F & HandlerFor<F, A, R>,
  ): Task<N, F, CallOf<F, A, R>>;
  /**
   * The name, the handler, and options where there are any.
   * @throws {TqError} `duplicate-task`, `invalid-option`, `unknown-option`
   */
  // The form used most comes last: where none fits, the compiler explains the last one.
  <
    const N extends string,
    F extends CallableFunction,
    A extends ArgsSchema | undefined = undefined,
    R extends ResultSchema | undefined = undefined,
  >(
    name: N,
    handler: F & HandlerFor<F, A, R>,
    options?: TaskOptions & SchemaOptions<A, R>,
  ): Task<N, F, CallOf<F, A, R>>;
}
