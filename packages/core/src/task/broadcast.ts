import { TqError } from '../errors.js';
import { broadcastExchange } from '../protocol/names.js';
import type { AsyncResult } from '../results/async-result.js';
import type { CallOptions } from './call.js';
import type { Arguments, Task } from './task.js';

/** Options of one broadcast: those of a call that say neither where it goes nor what comes back. */
export type BroadcastOptions = Omit<CallOptions, 'queue' | 'exchange' | 'routingKey' | 'ignoreResult'>;

/**
 * A broadcast on its way: awaited, it resolves when the broker has confirmed it, however many workers there are, and
 * rejects with a `PublishError`. One that fails and that nobody awaits is logged, as a call is.
 */
export interface BroadcastCall extends PromiseLike<void> {
  /** Of the call, the same on every worker. */
  readonly id: string;
}

/** Calls of a task that every worker runs. */
export interface Broadcast<C extends CallableFunction> {
  /** Publishes a call at once. */
  delay(...args: Arguments<C>): BroadcastCall;
  /** Publishes a call with options. */
  apply(args: Readonly<Arguments<C>>, options?: BroadcastOptions): BroadcastCall;
}

/**
 * Calls a task on every worker instead of on one: to empty a cache, or to read a file anew. Each worker that consumes
 * broadcasts and has the task runs it once, with its retries and limits; one that does not know it ignores it. There is no
 * result, and a worker that starts later gets nothing of it.
 * @throws {TqError} `invalid-option` when it is no task
 */
export function broadcast<N extends string, F extends CallableFunction, C extends CallableFunction>(
  task: Task<N, F, C>,
): Broadcast<C> {
  if (typeof (task as Partial<typeof task> | undefined)?.apply !== 'function' || typeof task === 'function') {
    throw new TqError('invalid-option', `broadcast: expected a task, found ${typeof task}. Make one with defineTask.`);
  }
  const send = (args: Readonly<Arguments<C>>, options?: BroadcastOptions) =>
    new PublishedCall(task.apply(args, { ...options, ...TO_EVERYBODY }));
  return { delay: (...args) => send(args), apply: send };
}

const TO_EVERYBODY = { exchange: broadcastExchange(''), routingKey: '', ignoreResult: true } as const;

/** The publish of a call whose result nobody wants. */
class PublishedCall implements BroadcastCall {
  readonly #call: AsyncResult<unknown>;

  constructor(call: AsyncResult<unknown>) {
    this.#call = call;
  }

  get id(): string {
    return this.#call.id;
  }

  // biome-ignore lint/suspicious/noThenProperty: it is awaited, and a promise that nobody awaits would end the process.
  then: Promise<void>['then'] = (onConfirmed, onFailed) => this.#call.published.then(onConfirmed, onFailed);
}
