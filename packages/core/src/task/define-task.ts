import type { PlainFormat } from '../protocol/foreign-message.js';
import type { ArgsSchema, ResultSchema } from '../schema/standard-schema.js';
import type { DefinitionOptions, SchemaOptions, TaskOptions } from './options.js';
import type { Wire } from './plain-task.js';
import type { Arguments, CallOf, HandlerFor, Task } from './task.js';

/** A definition that begins with its name and options, as whoever makes the task sees it. */
export type NamedDefinition = { readonly name: string } & DefinitionOptions;

/** The options of a task that say what its handler gets. */
export interface WireTypes<W extends Wire | undefined, P extends PlainFormat | undefined> {
  /** See `WireOptions`. */
  readonly wire?: W | undefined;
  /** See `WireOptions`. */
  readonly format?: P | undefined;
}

/** What a handler must be for its task's wire: of plain messages it gets the body alone, which is a string where it is text. */
export type HandlerOfWire<
  F extends CallableFunction,
  A extends ArgsSchema | undefined,
  W extends Wire | undefined,
  P extends PlainFormat | undefined,
> = W extends 'plain'
  ? [A, P] extends [undefined, 'text']
    ? (body: string) => unknown
    : CallableFunction extends F
      ? unknown
      : (...args: BodyOf<Arguments<F>>) => unknown
  : unknown;

type BodyOf<A extends readonly unknown[]> = A extends readonly [] | readonly [unknown?] ? A : [body: A[0]];

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
    const W extends Wire | undefined = undefined,
    const P extends PlainFormat | undefined = undefined,
  >(
    definition: { readonly name: N } & TaskOptions & SchemaOptions<A, R> & WireTypes<W, P>,
    handler: F & HandlerFor<F, A, R> & HandlerOfWire<F, A, W, P>,
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
    const W extends Wire | undefined = undefined,
    const P extends PlainFormat | undefined = undefined,
  >(
    name: N,
    handler: F & HandlerFor<F, A, R> & HandlerOfWire<F, A, W, P>,
    options?: TaskOptions & SchemaOptions<A, R> & WireTypes<W, P>,
  ): Task<N, F, CallOf<F, A, R>>;
}
