import { TqError } from '../errors.js';
import { isRecord } from '../protocol/is-record.js';
import { CELERY_TASK } from '../protocol/names.js';
import { argsRefusal } from '../schema/refusal.js';
import { type ArgsValidation, validateArgs } from '../schema/validate.js';
import { currentTask, type TaskContext } from '../task/context.js';
import type { Runnable } from '../task/registry.js';
import { verdictOf } from '../task/verdicts.js';
import { callHandler } from './call-handler.js';

/** Finds the task of a name. */
type FindTask = (name: string) => Runnable | undefined;

/**
 * Celery's own tasks that a canvas is made of, by the names that messages call them. Every worker has them, and no list of
 * a program's tasks shows them.
 */
const HANDLERS: Readonly<Record<string, (find: FindTask, args: readonly unknown[]) => unknown>> = {
  [CELERY_TASK.map]: (find) => forEach(find, (item) => [item]),
  [CELERY_TASK.starmap]: (find) => forEach(find, requireList),
  [CELERY_TASK.accumulate]: (_find, args) => accumulate(args),
};

/** True for the name of such a task. */
export function isBuiltIn(name: string): boolean {
  return Object.hasOwn(HANDLERS, name);
}

/**
 * The built-in task of this name; undefined for any other.
 * @param find finds the tasks that it may run in turn
 */
export function builtInTask(name: string, find: FindTask): Runnable | undefined {
  const handler = isBuiltIn(name) ? HANDLERS[name] : undefined;
  return handler && { name, handler: (...args: readonly unknown[]) => handler(find, args) };
}

/**
 * Runs a task for one item after the other, inside of one run, and gives the list of what it returned. Each item is
 * validated, and led through the task's middleware, as a call of its own would be; the first that fails ends the whole.
 */
async function forEach(find: FindTask, argsOf: (item: unknown) => readonly unknown[]): Promise<unknown[]> {
  const context = currentTask();
  const { task, it } = context.kwargs;
  if (!Array.isArray(it)) throw notMapped('a list of items as it', it);
  const runnable = requireTask(task, find);
  const results: unknown[] = [];
  for (const item of it) {
    // What was told to end starts no further item.
    context.signal.throwIfAborted();
    results.push(await runItem(runnable, argsOf(item), context));
  }
  return results;
}

async function runItem(task: Runnable, args: readonly unknown[], context: TaskContext): Promise<unknown> {
  const fit = task.args === undefined ? args : requireFit(task.name, await validateArgs(task.args, args));
  const onion = task.middleware?.execute;
  const run = { context, args: fit };
  try {
    return await (onion === undefined ? callHandler(task, fit) : onion(run, async () => callHandler(task, run.args)));
  } catch (thrown) {
    throw verdictOf(thrown)?.kind === 'replaced' ? irreplaceable(task.name) : thrown;
  }
}

/** What a map is replaced with would be the result of all of its items. */
function irreplaceable(task: string): TqError {
  const text = `replace: expected a task with a call of its own, found '${task}' run for an item of a map. Put a call for each item into a group.`;
  return new MapRefusedError('invalid-option', text, { fields: { task } });
}

/** A map that cannot be run as it is, now or later: no retry mends it. */
class MapRefusedError extends TqError {}

/** True for what a map throws that no retry mends. */
export function isMapRefused(thrown: unknown): thrown is TqError {
  try {
    return thrown instanceof MapRefusedError;
  } catch {
    // A proxy that throws is nothing of tq's.
    return false;
  }
}

/** @throws {TqError} `invalid-args` */
function requireFit(task: string, validation: ArgsValidation): readonly unknown[] {
  if (validation.kind === 'fits') return validation.value;
  const { code, message, options } = argsRefusal(task, validation);
  throw new MapRefusedError(code, message, options);
}

/** The task of a signature, as Celery writes one; what else that says holds for no item. */
function requireTask(signature: unknown, find: FindTask): Runnable {
  const name = isRecord(signature) ? signature.task : undefined;
  if (typeof name !== 'string') throw notMapped('a signature as task', signature);
  const task = find(name);
  if (task !== undefined) return task;
  const text = `No task named '${name}' here to map over. Start a worker that has it on this queue, or add its module to this one.`;
  throw new MapRefusedError('unknown-task', text, { fields: { task: name } });
}

/** One of the values that it is called with, or all of them: Celery's collector behind a group. */
function accumulate(args: readonly unknown[]): unknown {
  const { kwargs } = currentTask();
  // Keyword arguments come as one object after the positional ones.
  const values = Object.keys(kwargs).length === 0 ? args : args.slice(0, -1);
  return typeof kwargs.index === 'number' ? values[kwargs.index] : values;
}

function requireList(item: unknown): readonly unknown[] {
  if (Array.isArray(item)) return item;
  throw notMapped('a list of arguments as each item', item);
}

function notMapped(expected: string, found: unknown): MapRefusedError {
  const what = found === null ? 'null' : Array.isArray(found) ? 'a list' : typeof found;
  return new MapRefusedError('invalid-args', `A map of a task: expected ${expected}, found ${what}.`);
}
