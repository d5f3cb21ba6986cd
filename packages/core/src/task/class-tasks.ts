import { TqError } from '../errors.js';
import { type ClassMethod, methodsOf } from './decorators.js';
import type { DefinitionOptions } from './options.js';
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
  define: (name: string, handler: Handler, options: DefinitionOptions) => Task,
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
  for (const method of methods) {
    const { key, handler, metadata } = method;
    if (metadata === undefined) {
      Object.defineProperty(tasks, key, { get: () => refuse(className, key) });
      continue;
    }
    const { name = defaultName(className, method), ...options } = metadata;
    Object.defineProperty(tasks, key, { value: define(name, handler, options), enumerable: true });
  }
  return tasks as TasksOf<C>;
}

function defaultName(className: string, { key }: ClassMethod): string {
  if (className !== '') return `${className}.${key}`;
  throw new TqError(
    'not-a-task',
    `register: method '${key}' is on a class without a name, so its task has none. Name the class, or write @Task({ name: '…' }).`,
  );
}

function refuse(className: string, key: string): never {
  throw new TqError('not-a-task', `'${className}.${key}' is no task; put @Task() on the method to make it one.`);
}
