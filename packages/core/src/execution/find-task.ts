import { TqError } from '../errors.js';
import { openRegistries } from '../task/process-state.js';
import type { Registry, Runnable } from '../task/registry.js';
import type { TaskFacts } from '../task/task-facts.js';
import { builtInTask } from './built-in-tasks.js';

/**
 * The task of this name among all open apps of the process; when two apps have one, the app that was opened first wins.
 * Celery's built-in ones come last.
 * @param own asked before all of them
 */
export function findTask(name: string, own?: Registry): Runnable | undefined {
  return findDefined(name, own) ?? builtInTask(name, (other) => findDefined(other, own));
}

function findDefined(name: string, own: Registry | undefined): Runnable | undefined {
  const found = own?.get(name);
  if (found !== undefined) return found;
  for (const registry of openRegistries()) {
    const task = registry.get(name);
    if (task !== undefined) return task;
  }
  return undefined;
}

/** Names of the tasks of all open apps of the process, in alphabetical order. */
export function taskNames(): string[] {
  const names = new Set<string>();
  for (const registry of openRegistries()) for (const name of registry.names()) names.add(name);
  return [...names].sort();
}

/** What a call fails with whose task nobody here has. */
export function unknownTask(name: string): TqError {
  return new TqError(
    'unknown-task',
    `No task named '${name}' here. Start a worker that has it on this queue, add its module to this one, or fix the caller's name.`,
    { fields: { task: name } },
  );
}

/** What the definition of this task says; undefined where it says nothing that a worker has to know. */
export function factsOf({ limits, deadLetter, onFailure, plain, subscription }: Runnable): TaskFacts | undefined {
  const says = limits ?? deadLetter ?? onFailure ?? plain ?? subscription;
  return says === undefined ? undefined : { limits, deadLetter, onFailure, plain, subscription };
}

/** The facts of the tasks of all open apps that have any, by name. */
export function taskFacts(): Readonly<Record<string, TaskFacts>> {
  const facts: Record<string, TaskFacts> = Object.create(null);
  for (const name of taskNames()) {
    const task = findTask(name);
    const found = task && factsOf(task);
    if (found !== undefined) facts[name] = found;
  }
  return facts;
}
