import type { TaskFailure } from '../protocol/task-failure.js';
import type { AsyncResult, GroupResult } from '../results/async-result.js';
import type { CallOptions } from './call.js';
import type { TaskOfFailures } from './on-failure.js';

/**
 * What can be a part of a canvas: a signature of a task, a chain, a group or a chord.
 * @typeParam Prev what the result before it may be; `never` where it takes none, `unknown` where it drops it
 * @typeParam Out what its result is
 * @typeParam Head whether it can come first, since nothing is left to be given
 * @typeParam Handle what sending it gives
 */
export interface Composable<in Prev, out Out, out Head extends boolean, out Handle> {
  /** For the compiler, and for whoever sends it: no part of what programs use. */
  readonly '~canvas': CanvasTypes<Prev, Out, Head, Handle>;
}

/** The types of a part of a canvas, as it carries them for the compiler. */
export interface CanvasTypes<in Prev, out Out, out Head extends boolean, out Handle> {
  /** What the result before it may be. */
  readonly takes: (previous: Prev) => void;
  /** What its result is. */
  readonly gives: Out;
  /** Whether it can come first. */
  readonly head: Head;
  /** What sending it gives. */
  readonly handle: Handle;
}

/** Any part of a canvas. */
export type AnyCanvas = Composable<never, unknown, boolean, unknown>;

/** What the result before a part of a canvas may be. */
export type PrevOf<C> = C extends Composable<infer P, unknown, boolean, unknown> ? P : never;
/** What the result of a part of a canvas is. */
export type OutOf<C> = C extends Composable<never, infer O, boolean, unknown> ? O : never;
/** Whether a part of a canvas can come first. */
export type HeadOf<C> = C extends Composable<never, unknown, infer H, unknown> ? H : never;
/** What sending a part of a canvas gives. */
export type HandleOf<C> = C extends Composable<never, unknown, boolean, infer R> ? R : never;

/** What a canvas is started with: nothing where it can come first, and what would have been the result before it. */
export type Start<Prev, Head extends boolean> = Head extends true
  ? [Prev] extends [never]
    ? []
    : [previous?: Prev]
  : [previous: Prev];

/** Options of a step, or of every step in a part of a canvas that does not say otherwise. */
export type CanvasOptions = Omit<CallOptions, 'taskId' | 'signal' | 'deadline'>;

/** Options of a signature: those of its one task. */
export type SignatureOptions = Omit<CallOptions, 'signal' | 'deadline'>;

/** Options of a canvas that is sent: those of its steps, and how long sending it may take. */
export type CanvasCallOptions = Omit<CallOptions, 'taskId'>;

/**
 * Tasks that are put together: a value that says what is to run, and of which every method gives another one. Nothing is
 * checked but its types, and nothing sent, before `delay()` or `apply()`.
 */
export interface Canvas<Prev, Out, Head extends boolean, Handle> extends Composable<Prev, Out, Head, Handle> {
  /** Sends it at once; what it gives stands for its last step. What is wrong with it rejects that. */
  delay(...previous: Start<Prev, Head>): Handle;
  /** Sends it with options, which hold for every step that does not say otherwise. */
  apply(previous: Start<Prev, Head>, options?: CanvasCallOptions): Handle;
  /**
   * The same with these options. `countdown` and `eta` are those of the steps that start it, all others those of every
   * step that does not say otherwise.
   */
  set(options: CanvasOptions): this;
  /**
   * The same with a task that is called when it fails, once: with a `TaskFailure`, or with what was bound where the
   * signature is immutable. Of a group each member that fails calls it.
   * @throws {TqError} `invalid-option` when it is neither a task nor a signature
   */
  linkError(errback: TaskOfFailures | Signature<TaskFailure, unknown, boolean>): this;
}

/** A canvas with one result. */
export interface Linkable<Prev, Out, Head extends boolean, Handle> extends Canvas<Prev, Out, Head, Handle> {
  /**
   * The same with a canvas that its result starts, beside what comes next; nobody waits for the result of that.
   * @throws {TqError} `invalid-option` on what ends in a group, whose results are a list only once a chain or a chord
   *   goes on with them
   */
  link(callback: Composable<Out, unknown, boolean, unknown>): this;
}

/** One call of a task that is to be a step of a canvas. */
export interface Signature<Prev, Out, Head extends boolean> extends Linkable<Prev, Out, Head, AsyncResult<Out>> {
  /** What it is. */
  readonly kind: 'signature';
  /** The task's name. */
  readonly task: string;
  /** Sends it with options. */
  apply(previous: Start<Prev, Head>, options?: CallOptions): AsyncResult<Out>;
  /** The same with these options of its task. */
  set(options: SignatureOptions): this;
}

/** Steps that run one after the other, each with the result of the one before. */
export interface Chain<Prev, Out, Head extends boolean, Handle> extends Linkable<Prev, Out, Head, Handle> {
  /** What it is. */
  readonly kind: 'chain';
  /** How many steps it has, those of chains in it counted one by one. */
  readonly length: number;
}

/** Members that run side by side. Its result is the list of theirs, for the chain or chord that it stands in. */
export interface Group<Prev, Out extends readonly unknown[], Head extends boolean>
  extends Canvas<Prev, Out, Head, GroupResult<Out>> {
  /** What it is. */
  readonly kind: 'group';
  /** How many members it has. */
  readonly length: number;
}

/** A group, and a body that is started with the list of its results. */
export interface Chord<Prev, Out, Head extends boolean, Handle> extends Linkable<Prev, Out, Head, Handle> {
  /** What it is. */
  readonly kind: 'chord';
  /** How many members its group has. */
  readonly length: number;
}
