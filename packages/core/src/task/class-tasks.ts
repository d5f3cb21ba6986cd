import { TqError } from '../errors.js';
import { methodsOf } from './decorators.js';
import type { TaskOptions } from './options.js';
import type { Handler, Task } from './task.js';

/** The typed tasks of a class: one for each method. Only those with `@Task()` exist; reading another throws by name. */
export type TasksOf<C extends object> = {
  readonly [K in keyof C as C[K] extends Handler ? K : never]: C[K] extends Handler ? Task<string, C[K]> : never;
};

/**
 * Makes tasks of the decorated methods of a class or an instance.
 * @param define registers one task
 * @throws {TqError} `not-a-task` when no method is decorated
 */
export function registerClass<C extends object>(
  target: (new () => C) | C,
  define: (name: string, handler: Handler, options: TaskOptions) => Task,
): TasksOf<C> {
  const instance = typeof target === 'function' ? new (target as new () => C)() : target;
  const className = instance.constructor.name;
  const methods = methodsOf(instance);
  if (!methods.some(({ metadata }) => metadata !== undefined)) {
    throw new TqError(
      'not-a-task',
      `register: expected a class with @Task() on a method, found none on '${className}'.`,
    );
  }
  const tasks = {};
  for (const { key, handler, metadata } of methods) {
    if (metadata === undefined) {
      Object.defineProperty(tasks, key, { get: () => refuse(className, key) });
      continue;
    }
    const { name = `${className}.${key}`, ...options } = metadata;
    Object.defineProperty(tasks, key, { value: define(name, handler, options), enumerable: true });
  }
  return tasks as TasksOf<C>;
}

function refuse(className: string, key: string): never {
  throw new TqError('not-a-task', `'${className}.${key}' is no task; put @Task() on the method to make it one.`);
}
