import { TqError } from '../errors.js';
import { refuseUnknownKeys } from '../options-check.js';
import type { Headers } from '../protocol/message.js';
import type { TaskContext } from './context.js';
import { composeOnion, type Onion } from './onion.js';

/** A call on its way to the broker, as publish middleware sees it; what is not readonly may be set before `next()`. */
export interface PublishCall {
  /** The task's id, which its result has already. */
  readonly id: string;
  /** The task's name. */
  readonly task: string;
  /** First task of the tree; equals `id` for a root. */
  readonly rootId: string;
  /** The task that makes the call, or undefined outside of one. */
  readonly parentId: string | undefined;
  /** Nobody asks for its result. */
  readonly ignoreResult: boolean;
  /** When it starts at the earliest, where it is delayed. */
  readonly eta: Date | undefined;
  /** When it is too late to start, where it expires. */
  readonly expires: Date | undefined;
  /** The arguments as they were passed; they become JSON after the innermost `next()`. */
  args: readonly unknown[];
  /** Where it goes, without the app's prefix; nowhere when it goes to an exchange. */
  queue: string;
  /** Where it goes instead of to its queue, without the app's prefix; undefined for a call to a queue. */
  readonly exchange: string | undefined;
  /** What the call said of it; undefined for a call to a queue, and for the empty one. */
  readonly routingKey: string | undefined;
  /** 0 to 255; undefined for none. */
  priority: number | undefined;
  /** The caller's own headers, which the task reads in `currentTask().headers`. Replace the object: it may be shared. */
  headers: Headers;
}

/** A run of a task, as execute middleware sees it. */
export interface TaskRun {
  /** What `currentTask()` gives. */
  readonly context: TaskContext;
  /** What the handler is called with; may be replaced before `next()`. */
  args: readonly unknown[];
}

/**
 * Code around every call and every run of an app's tasks; see {@link App.use}. What was used first is outermost.
 * Each is called once for a call or a run and calls `next()` at most once.
 */
export interface Middleware {
  /**
   * Around the making and sending of a call, in the process or child that makes it. `next()` resolves when the broker
   * has confirmed the call and rejects with the `PublishError` when it was not published. To throw before `next()`, or
   * never to call it, refuses the call: `published` and `get()` reject with `publish-refused`. What happens after
   * `next()` changes nothing about the call: an error of its own is logged.
   */
  publish?(call: PublishCall, next: () => Promise<void>): unknown;
  /**
   * Around the handler, in its thread, process or loop, and in the task's own context. `next()` gives what the handler
   * returned, or rejects with what it threw; the task's result is what this returns, its failure what this throws.
   * Without `next()` the handler is not called. An error that is not yours to handle must be thrown on as it is: tq's own
   * ones carry meaning.
   */
  execute?(run: TaskRun, next: () => Promise<unknown>): unknown;
  /**
   * Told that a run has failed and that its task will be run again, before the worker hears of it: in the handler's
   * thread, process or loop, and in the task's own context. A promise is awaited; an error of its own is logged and
   * changes nothing.
   */
  retry?(run: TaskRun, retry: WillRetry): unknown;
}

/** What is known of a try that failed and is not the last. */
export interface WillRetry {
  /** What it failed with: what the handler threw, or the cause of its `Retry`. */
  readonly error: Error;
  /** How long until the next try, ms. */
  readonly delayMs: number;
  /** The try that failed, 1 for the first. */
  readonly attempt: number;
}

export type PublishOnion = Onion<PublishCall, void>;
export type ExecuteOnion = Onion<TaskRun, unknown>;
export type RetryHook = NonNullable<Middleware['retry']>;

const KEYS = ['publish', 'execute', 'retry'] as const;

/** The middleware of one app, composed whenever some is added, so that a call or a run finds one function or none. */
export class MiddlewareStack {
  #all: readonly Middleware[] = [];
  #publish: PublishOnion | undefined;
  #execute: ExecuteOnion | undefined;
  #retry: readonly RetryHook[] | undefined;

  /** What goes around a call; undefined for nothing. */
  get publish(): PublishOnion | undefined {
    return this.#publish;
  }

  /** What goes around a run; undefined for nothing. */
  get execute(): ExecuteOnion | undefined {
    return this.#execute;
  }

  /** Who is told of a retry, in the order of use; undefined for nobody. */
  get retry(): readonly RetryHook[] | undefined {
    return this.#retry;
  }

  /**
   * Adds middleware inside of what there is, until the function that it returns is called. Calls and runs that have
   * begun keep what they began with.
   * @throws {TqError} `invalid-option`, `unknown-option`
   */
  use(middleware: Middleware): () => void {
    checkMiddleware(middleware);
    // An entry of its own, so that what is used twice is removed once.
    const entry: Middleware = {
      ...(middleware.publish && { publish: (call, next) => middleware.publish?.(call, next) }),
      ...(middleware.execute && { execute: (run, next) => middleware.execute?.(run, next) }),
      ...(middleware.retry && { retry: (run, retry) => middleware.retry?.(run, retry) }),
    };
    this.#compose([...this.#all, entry]);
    return () => this.#compose(this.#all.filter((other) => other !== entry));
  }

  #compose(all: readonly Middleware[]): void {
    this.#all = all;
    this.#publish = composeOnion(all.flatMap(({ publish }) => (publish === undefined ? [] : [quietly(publish)])));
    this.#execute = composeOnion(all.flatMap(({ execute }) => execute ?? []));
    const hooks = all.flatMap(({ retry }) => retry ?? []);
    this.#retry = hooks.length === 0 ? undefined : hooks;
  }
}

/** Who ignores what `next()` gives leaves no unhandled rejection: the call's result tells of the failure. */
function quietly(publish: NonNullable<Middleware['publish']>) {
  return async (call: PublishCall, next: () => Promise<void>): Promise<void> => {
    await publish(call, () => {
      const end = next();
      end.catch(() => undefined);
      return end;
    });
  };
}

function checkMiddleware(middleware: Middleware): void {
  if (typeof middleware !== 'object' || middleware === null) {
    throw new TqError('invalid-option', `use: expected { publish, execute, retry }, found ${typeof middleware}.`);
  }
  // An instance of a class may have what it likes beside the three.
  if (Object.getPrototypeOf(middleware) === Object.prototype) refuseUnknownKeys(middleware, KEYS, 'use');
  for (const key of KEYS) {
    const value: unknown = middleware[key];
    if (value === undefined || typeof value === 'function') continue;
    throw new TqError('invalid-option', `use: expected a function as ${key}, found ${typeof value}.`);
  }
  if (KEYS.every((key) => middleware[key] === undefined)) {
    throw new TqError('invalid-option', 'use: expected publish, execute or retry, found none of them.');
  }
}
