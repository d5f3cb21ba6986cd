import { TqError } from '../errors.js';
import type { CallRetry } from '../protocol/call-retry.js';
import type { AsyncResult } from '../results/async-result.js';
import type { ArgsSchema, ResultSchema, SchemaInput, SchemaOutput } from '../schema/standard-schema.js';
import type { Bindings } from './bind.js';
import { bindings } from './bindings.js';
import type { Call, CallOptions } from './call.js';
import type { CanvasHost } from './canvas-part.js';
import { mergeCall, NO_CALL_OPTIONS } from './merge-call.js';
import { checkTask, type DefinitionOptions, type TaskOptions } from './options.js';
import { checkCallRetry } from './retry-options.js';

/** Any function that can be a task, as whoever runs it sees it. */
export type Handler = (...args: never[]) => unknown;

/** The parameters of a handler as a tuple. */
export type Arguments<F extends CallableFunction> = F extends (...args: infer A) => unknown ? A : never;

/** What running a handler gives: a promise where it is asynchronous. */
export type Returned<F extends CallableFunction> = F extends (...args: never[]) => infer R ? R : never;

/** What a task's `get()` gives: what the handler returns, awaited. */
export type Result<F extends CallableFunction> = Awaited<Returned<F>>;

/**
 * What a handler must be for the schemas of its task. Where there is none for the arguments it has no signature before
 * the handler has given one, since a parameter without a type would take one from it.
 */
export type HandlerFor<
  F extends CallableFunction,
  A extends ArgsSchema | undefined,
  R extends ResultSchema | undefined,
> = A extends ArgsSchema
  ? (...args: SchemaOutput<A>) => HandlerResult<R>
  : R extends ResultSchema
    ? CallableFunction extends F
      ? unknown
      : (...args: Arguments<F>) => HandlerResult<R>
    : unknown;

/** What a handler may return for its task's schema. */
export type HandlerResult<R extends ResultSchema | undefined> = R extends ResultSchema
  ? SchemaInput<R> | PromiseLike<SchemaInput<R>>
  : unknown;

/** What a task looks like to its callers: as its schemas say, and as its handler does where it has none. */
export type CallOf<
  F extends CallableFunction,
  A extends ArgsSchema | undefined,
  R extends ResultSchema | undefined,
> = A extends ArgsSchema
  ? (...args: SchemaInput<A>) => R extends ResultSchema ? SchemaOutput<R> : Returned<F>
  : R extends ResultSchema
    ? (...args: Arguments<F>) => SchemaOutput<R>
    : F;

/**
 * A function that can be called elsewhere. The types of arguments and results come from its schemas, and where it has
 * none from the handler.
 * @typeParam N the name as a literal type, which ties a producer's declaration to the definition
 * @typeParam F the handler; its bound says no more than "a function", since a parameter without a type would take one
 *   from a bound with a signature instead of being the compiler's error TS7006 where the task is defined
 * @typeParam C what its callers see: a function of what a call takes that returns what `get()` gives
 */
export interface Task<N extends string = string, F extends CallableFunction = Handler, C extends CallableFunction = F>
  extends Bindings<Arguments<C>, Result<C>> {
  /** What messages call it. */
  readonly name: N;
  /** What all its calls have in common. */
  readonly options: TaskOptions;
  /**
   * Runs the handler here and now, as the bare function that it is: no broker, no context, no schema.
   * @throws {TqError} `unknown-task` where the task is only declared
   */
  run(...args: Arguments<F>): Returned<F>;
  /** Publishes a call at once; await `published` or `get()` of what it gives. */
  delay(...args: Arguments<C>): AsyncResult<Result<C>>;
  /** Publishes a call with options. */
  apply(args: Readonly<Arguments<C>>, options?: CallOptions): AsyncResult<Result<C>>;
  /**
   * Publishes many calls, as fast as the broker confirms them and without overfilling the outbox.
   * Resolves when all are confirmed. Rejects with the first `PublishError` once every call has ended.
   */
  bulk(calls: readonly Readonly<Arguments<C>>[], options?: BulkOptions): Promise<AsyncResult<Result<C>>[]>;
}

/** Options of all calls of a bulk. */
export type BulkOptions = Omit<CallOptions, 'taskId'>;

/** What tasks need of their app: narrow, since the app knows tasks and not the other way round. */
export interface TaskHost extends CanvasHost {
  send<T>(call: Call): AsyncResult<T>;
  /** Resolves when one more call fits into the outbox; undefined when it fits now. */
  room(): Promise<void> | undefined;
}

/** Makes the task object for a handler; registering it is the app's. */
export function createTask<N extends string, F extends CallableFunction>(
  host: TaskHost,
  name: N,
  handler: F | undefined,
  options: DefinitionOptions,
): Task<N, F> {
  const { args: schema, result: _, ...own } = checkTask(name, options);
  const defaults = mergeCall(handler === undefined ? declared(name, own) : defined(own), NO_CALL_OPTIONS);
  const merged = (call: CallOptions) => (call === NO_CALL_OPTIONS ? defaults : mergeCall(defaults, call));
  return {
    name,
    options: own,
    run: (...args) => runHere(name, handler, args) as Returned<F>,
    delay: (...args) => host.send({ task: name, args, schema, options: defaults, own: NO_CALL_OPTIONS }),
    apply: (args, own = NO_CALL_OPTIONS) => host.send({ task: name, args, schema, options: merged(own), own }),
    ...bindings({ host, task: name, schema, defaults, plain: own.wire === 'plain' }),
    bulk: (calls, own = NO_CALL_OPTIONS) => sendAll(host, { task: name, schema, options: merged(own), own }, calls),
  };
}

/** What all calls of a task bring that is defined here: not what the worker has from the definition itself. */
function defined({ deadLetter, retry, onFailure, wire, format, ...defaults }: TaskOptions): CallOptions {
  return defaults;
}

/** Calls of a task that is defined elsewhere bring all that a call can carry. */
function declared(name: string, own: TaskOptions): CallOptions {
  const retry = own.retry as CallRetry | undefined;
  checkCallRetry(retry, `task '${name}': retry`);
  const defaults = own.onFailure === undefined ? defined(own) : { ...defined(own), onFailure: own.onFailure };
  return retry === undefined ? defaults : { ...defaults, retry };
}

function runHere(name: string, handler: CallableFunction | undefined, args: readonly unknown[]): unknown {
  if (handler !== undefined) return (handler as Handler)(...(args as never[]));
  throw new TqError(
    'unknown-task',
    `Task '${name}' is only declared here, and run() needs its definition: import that, or use delay() or apply().`,
    { fields: { task: name } },
  );
}

async function sendAll<T>(
  host: TaskHost,
  { task, schema, options, own }: Omit<Call, 'args'>,
  calls: readonly (readonly unknown[])[],
): Promise<AsyncResult<T>[]> {
  const results: AsyncResult<T>[] = [];
  const confirms: Promise<void>[] = [];
  for (const args of calls) {
    for (let room = host.room(); room !== undefined; room = host.room()) await room;
    const result = host.send<T>({ task, args, schema, options, own });
    const confirm = result.published;
    // It may reject while this loop waits for room, before anybody listens below.
    confirm.catch(() => undefined);
    confirms.push(confirm);
    results.push(result);
  }
  const ends = await Promise.allSettled(confirms);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results;
}
