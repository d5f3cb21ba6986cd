import { TqError } from '../errors.js';
import type { SubscriptionFacts } from '../protocol/subscription.js';
import type { ArgsSchema, ResultSchema } from '../schema/standard-schema.js';
import type { ExecuteOnion, RetryHook } from './middleware.js';
import type { RetryOptions } from './retry-options.js';
import type { TaskFacts } from './task-facts.js';

/** A task as whoever runs it needs it: a name and the function behind it. */
export interface Runnable extends TaskFacts {
  readonly name: string;
  readonly handler: (...args: never[]) => unknown;
  /**
   * Where its calls go unless they say otherwise, without the app's prefix; undefined where a route leads to an exchange,
   * or a function decides.
   */
  readonly queue?: string | undefined;
  /** Where they go instead, as texts say it: the exchange of a route, or who decides. */
  readonly route?: string | undefined;
  /** What its definition says of the way of its calls. */
  readonly own?: { readonly queue?: string | undefined; readonly priority?: number | undefined } | undefined;
  /** When it is run again after a failure; never unless its call says so where it has none. */
  readonly retry?: RetryOptions | undefined;
  /** What its app has put around every run. */
  readonly middleware?:
    | { readonly execute: ExecuteOnion | undefined; readonly retry?: readonly RetryHook[] | undefined }
    | undefined;
  /** What its arguments must fit; the handler gets the schema's output. */
  readonly args?: ArgsSchema | undefined;
  /** What its result must fit; the caller gets the schema's output. */
  readonly result?: ResultSchema | undefined;
}

/** The tasks of one app, by name. */
export class Registry {
  readonly #tasks = new Map<string, Runnable>();
  readonly #subscriptions: SubscriptionFacts[] = [];

  /** @throws {TqError} `duplicate-task` when the name is taken */
  add(task: Runnable): void {
    if (this.#tasks.has(task.name)) {
      const { subscription } = task;
      if (subscription !== undefined) throw duplicate(subscription);
      throw new TqError(
        'duplicate-task',
        `Two tasks are named '${task.name}'; messages carry the name only, so it must be unique in its app. Rename one.`,
        { fields: { task: task.name } },
      );
    }
    this.#tasks.set(task.name, task);
    if (task.subscription !== undefined) this.#subscriptions.push(task.subscription);
  }

  /** Those of its tasks that are handlers of subscriptions. */
  subscriptions(): readonly SubscriptionFacts[] {
    return this.#subscriptions;
  }

  get(name: string): Runnable | undefined {
    return this.#tasks.get(name);
  }

  /** Names in alphabetical order. */
  names(): string[] {
    return [...this.#tasks.keys()].sort();
  }
}

function duplicate({ name, keys, group }: SubscriptionFacts): TqError {
  const who = group === undefined ? 'for everybody' : `of the group '${group}'`;
  const text = `Two subscriptions ${who} take ${keys.map((key) => `'${key}'`).join(', ')} alike, and what waits for the one cannot be told from the other's. Give one of them a name: subscribe(…, { name: … }).`;
  return new TqError('duplicate-task', text, { fields: { task: name } });
}
