import { TqError } from '../errors.js';
import { refuseUnknownKeys } from '../options-check.js';
import { checkDestination } from '../protocol/delay-key.js';
import { MAX_NAME_BYTES } from '../protocol/names.js';
import { isName, type TaskAddress } from '../protocol/task-address.js';
import type { TaskFailure } from '../protocol/task-failure.js';

/** A task as `onFailure` takes it: its one argument is a {@link TaskFailure}. */
export interface TaskOfFailures {
  /** What messages call it. */
  readonly name: string;
  /** Its own, of which the queue counts. */
  readonly options: TaskQueueOption;
  /** Publishes a call; here its type says what the task takes. */
  readonly delay: (failure: TaskFailure) => unknown;
}

/** Where a task is called. */
export interface TaskQueueOption {
  /** Without the app's prefix. Default: the app's `queue`. */
  readonly queue?: string | undefined;
}

/** A task by its name, for a program that does not have its definition. */
export interface NamedTask extends TaskQueueOption {
  /** The task's name. */
  readonly task: string;
}

/** What `onFailure` takes: a task whose one argument is a {@link TaskFailure}, or the name of one and its queue. */
export type FailureTask = TaskOfFailures | NamedTask;

/** What names a queue on the broker. */
export interface QueueNaming {
  readonly prefix: string;
  /** The app's queue, without the prefix. */
  readonly queue: string;
  /** The app's routes, where it has some; functions among them are not asked, since nothing has failed yet. */
  readonly router?: { standing(task: string): FailureRoute | undefined } | undefined;
}

/** What a route says of the calls of a task. */
interface FailureRoute {
  readonly queue?: string | undefined;
  readonly exchange?: string | undefined;
}

/**
 * Where a task that was given as `onFailure` is called.
 * @param own names the queue of a task that says nothing of one
 * @throws {TqError} `invalid-option` when the queue's name with the prefix is too long, or a route leads to an exchange
 */
export function failureAddress(onFailure: FailureTask, own: QueueNaming): TaskAddress {
  const { task, queue } = 'task' in onFailure ? onFailure : { task: onFailure.name, queue: onFailure.options.queue };
  const full = own.prefix + (queue ?? routed(task, own) ?? own.queue);
  checkDestination(full);
  return { task, queue: full };
}

function routed(task: string, { router }: QueueNaming): string | undefined {
  const route = router?.standing(task);
  if (route?.exchange === undefined) return route?.queue;
  const text = `onFailure: expected a task that is called on a queue, found '${task}', which routes send to the exchange '${route.exchange}'. Name its queue: { task: '${task}', queue: … }.`;
  throw new TqError('invalid-option', text);
}

/**
 * Checks the option.
 * @param where goes before the option's name in the error's text
 * @throws {TqError} `invalid-option`, `unknown-option`
 */
export function checkOnFailure(onFailure: unknown, where: string): void {
  if (onFailure === undefined || isTask(onFailure)) return;
  if (typeof onFailure !== 'object' || onFailure === null || !('task' in onFailure)) {
    throw invalid(where, 'a task, or { task, queue }', onFailure);
  }
  refuseUnknownKeys(onFailure, ['task', 'queue'], `${where}onFailure`);
  const { task, queue } = onFailure as { task: unknown; queue?: unknown };
  if (!isName(task)) throw invalid(where, `a task's name of 1 to ${MAX_NAME_BYTES} bytes as task`, task);
  if (queue !== undefined && !isName(queue)) throw invalid(where, "a queue's name as queue", queue);
}

/**
 * A task that is called for its own failures would be called for those of that call too, for ever.
 * @throws {TqError} `invalid-option`
 */
export function refuseOwnFailures(name: string, onFailure: FailureTask | undefined): void {
  if (onFailure === undefined || ('task' in onFailure ? onFailure.task : onFailure.name) !== name) return;
  const text = `task '${name}': onFailure: expected another task, found itself, which would be called for its own failures for ever; define a task of its own for them.`;
  throw new TqError('invalid-option', text);
}

function isTask(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { name, delay } = value as { name?: unknown; delay?: unknown };
  return typeof delay === 'function' && isName(name);
}

function invalid(where: string, expected: string, found: unknown): TqError {
  const text = typeof found === 'string' ? `'${found.slice(0, 64)}'` : found === null ? 'null' : typeof found;
  return new TqError('invalid-option', `${where}onFailure: expected ${expected}, found ${text}.`);
}
