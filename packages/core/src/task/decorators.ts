import { createRequire } from 'node:module';
import { TqError } from '../errors.js';
import type { TaskOptions } from './options.js';
import type { Handler } from './task.js';

/** What `@Task()` says of a method. */
export interface TaskMetadata extends TaskOptions {
  /** Name of the task. Default: `Class.method`. */
  readonly name?: string | undefined;
}

/** Key of the metadata on the method function. */
const METADATA_KEY = 'tq:task';

interface Reflection {
  defineMetadata(key: string, value: unknown, target: object): void;
  getMetadata(key: string, target: object): unknown;
}

/** Loaded with the first decorator, since importing reflect-metadata is a tenth of a small program's start. */
function reflection(): Reflection {
  if (typeof (Reflect as Partial<Reflection>).defineMetadata !== 'function') {
    createRequire(import.meta.url)('reflect-metadata');
  }
  return Reflect as unknown as Reflection;
}

/**
 * Works as a legacy decorator, which gets (prototype, key, descriptor), and as a standard one, which gets
 * (method, context): loaders differ in which they make of the same source.
 */
export type TaskDecorator = {
  (prototype: object, key: string | symbol, descriptor: PropertyDescriptor): void;
  (method: Handler, context: ClassMethodDecoratorContext): void;
};

/**
 * Marks a method as a task; `app.register(…)` makes it one.
 * @throws {TqError} `not-a-task` on anything but a method
 */
export function Task(metadata: TaskMetadata = {}): TaskDecorator {
  return ((target: unknown, keyOrContext: unknown, descriptor?: PropertyDescriptor): void => {
    const method = typeof target === 'function' && isContext(keyOrContext) ? target : descriptor?.value;
    if (typeof method !== 'function') {
      throw new TqError('not-a-task', '@Task() goes on a method; accessors, fields and classes cannot be tasks.');
    }
    reflection().defineMetadata(METADATA_KEY, metadata, method);
  }) as TaskDecorator;
}

function isContext(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'method';
}

/** A method of a class, decorated or not. */
export interface ClassMethod {
  readonly key: string;
  /** Bound to the instance. */
  readonly handler: Handler;
  readonly metadata: TaskMetadata | undefined;
}

/** The methods of an instance, those of its base classes included; an override hides what it overrides. */
export function methodsOf(instance: object): ClassMethod[] {
  const methods = new Map<string, ClassMethod>();
  for (
    let proto = Object.getPrototypeOf(instance);
    proto !== null && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  ) {
    for (const key of Object.getOwnPropertyNames(proto)) {
      const method: unknown = Object.getOwnPropertyDescriptor(proto, key)?.value;
      if (key === 'constructor' || typeof method !== 'function' || methods.has(key)) continue;
      const metadata = reflection().getMetadata(METADATA_KEY, method) as TaskMetadata | undefined;
      methods.set(key, { key, handler: method.bind(instance) as Handler, metadata });
    }
  }
  return [...methods.values()];
}
