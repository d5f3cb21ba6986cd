import { type App, createApp } from './app.js';
import { internalsOf } from './app-internals.js';
import { groupOn } from './canvas/group.js';
import type { DefinedEvent, DefineEvent } from './events/event.js';
import type { Subscribe, Subscription } from './events/subscription.js';
import type { PlainCall } from './plain/plain-call-options.js';
import type { DefineTask } from './task/define-task.js';
import type { DeclarationOptions } from './task/options.js';
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
 * The types of its calls and results come from its schemas, and where it has none from the handler, whose parameters
 * must be typed; a recursive one states its result type.
 * @throws {TqError} `duplicate-task`, `invalid-option`, `unknown-option`
 */
export const defineTask = ((...definition: never[]) => {
  const define = defaultApp().task as (...definition: never[]) => Task;
  return define(...definition);
}) as DefineTask;

/**
 * A task of the default app that is defined elsewhere: `declareTask<typeof fib>('fib', { queue: 'math' })`. With `args`
 * calls are validated before they are sent; without, the worker alone does it.
 */
export function declareTask<T extends Task>(name: T['name'], options?: DeclarationOptions): T {
  return defaultApp().declareTask<T>(name, options);
}

/**
 * Makes an event, on the default app: `defineEvent<Order>('orders.created')`, or with a schema of its payload.
 * @throws {TqError} `duplicate-event`, `invalid-option`, `unknown-option`
 */
export const defineEvent = ((...definition: never[]) => {
  const define = defaultApp().event as (...definition: never[]) => DefinedEvent;
  return define(...definition);
}) as DefineEvent;

/**
 * Registers a handler for events, on the default app; workers that have the module consume them.
 * @throws {TqError} `duplicate-task`, `invalid-option`, `unknown-option`
 */
export const subscribe = ((...subscription: never[]) => {
  const register = defaultApp().subscribe as (...subscription: never[]) => Subscription;
  return register(...subscription);
}) as Subscribe;

/** Calls a program that knows no tasks, over the default app's connection. */
export const plainCall = ((...call: Parameters<PlainCall>) => defaultApp().plainCall(...call)) as PlainCall;

/**
 * A queue of the default app whose messages are no tasks.
 * @throws {TqError} `invalid-option`, `unknown-option`
 */
export const plainQueue = ((...queue: Parameters<App['plainQueue']>) =>
  defaultApp().plainQueue(...queue)) as App['plainQueue'];

/**
 * Puts members side by side: `group(a.s(1), b.s(2))`, or of a list.
 * @throws {TqError} `invalid-option` when one is no part of a canvas
 */
export const group = groupOn(() => internalsOf(defaultApp()));
