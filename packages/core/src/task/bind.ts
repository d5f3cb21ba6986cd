import type { Group, Signature } from './canvas.js';

/**
 * `task.s(…)` of a task with these parameters: all of them, for what comes first, or all but the first, which is the
 * result of what comes before. Those that may be left out may be left out here.
 */
export type Bind<A extends readonly unknown[], Out> = A extends readonly []
  ? BindNone<Out>
  : HasOptional<A> extends true
    ? BindOpen<A, Out>
    : BindFixed<A, Out>;

/** Of a task without parameters, which takes no result of a step before it: `si()` drops that. */
export type BindNone<Out> = () => Signature<never, Out, true>;

/** Of a task all of whose parameters are needed. */
export interface BindFixed<A extends readonly unknown[], Out> {
  /** For a later step: all but the first. */
  (...bound: Tail<A>): Signature<A[0], Out, false>;
  /** For a first step: all. */
  (...all: A): Signature<never, Out, true>;
}

/** Of a task with parameters that may be left out, which therefore may come first or later with the same arguments. */
export interface BindOpen<A extends readonly unknown[], Out> {
  /** For either. */
  (...bound: EitherWay<A, Tail<A>>): Signature<A[0], Out, true>;
  /** For a later step: all but the first. */
  (...bound: Tail<A>): Signature<A[0], Out, false>;
  /** For a first step: all. */
  (...all: A): Signature<never, Out, true>;
}

/** The parameters after the first. */
export type Tail<A extends readonly unknown[]> = A extends readonly []
  ? never
  : A extends readonly [unknown?, ...infer R]
    ? R
    : never;

/** Whether parameters may be left out, or are any number of one type. */
export type HasOptional<A extends readonly unknown[]> = number extends A['length']
  ? true
  : A extends Required<A>
    ? false
    : true;

/** Arguments that fit both all parameters and those after the first; `never` where none do. */
export type EitherWay<A extends readonly unknown[], T extends readonly unknown[]> = T extends readonly []
  ? A extends readonly [unknown, ...unknown[]]
    ? never
    : []
  : A extends readonly [infer H, ...infer R]
    ? T extends readonly [(infer G)?, ...infer S]
      ? EitherWay<R, S> extends infer B extends readonly unknown[]
        ? [H & G, ...B]
        : never
      : never
    : number extends A['length']
      ? A extends readonly (infer E)[]
        ? E[]
        : never
      : A extends readonly [(infer H)?, ...infer R]
        ? T extends readonly [(infer G)?, ...infer S]
          ? [(H & G)?, ...EitherWay<R, S>]
          : never
        : never;

/** The one argument of a task that needs no other; `never` of all other tasks. */
export type OnlyArgument<A extends readonly unknown[]> = A extends readonly []
  ? never
  : [A[0]] extends A
    ? A[0]
    : never;

/** What a task has by which it becomes part of a canvas. */
export interface Bindings<A extends readonly unknown[], Out> {
  /**
   * A signature: the task with arguments that come after the result of the step before it, or with all of them where it
   * comes first.
   */
  readonly s: Bind<A, Out>;
  /** An immutable signature: the task with all its arguments, whatever the result of the step before it. */
  si(...all: A): Signature<unknown, Out, true>;
  /**
   * One task that runs the handler for each item in turn and gives the list of results: one message instead of many.
   * @throws {TqError} `invalid-option` when it is no list
   */
  map(items: readonly OnlyArgument<A>[]): Signature<unknown, Out[], true>;
  /**
   * The same for lists of arguments.
   * @throws {TqError} `invalid-option` when it is no list of lists
   */
  starmap(items: readonly Readonly<A>[]): Signature<unknown, Out[], true>;
  /**
   * A group of such tasks, each with so many of the lists.
   * @param size how many, from 1 on; the last may get fewer
   * @throws {TqError} `invalid-option`
   */
  chunks(items: readonly Readonly<A>[], size: number): Group<unknown, Out[][], true>;
}
