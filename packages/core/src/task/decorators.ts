import { TqError } from '../errors.js';
import type { ArgsSchema, ResultSchema, SchemaInput, SchemaOutput } from '../schema/standard-schema.js';
import type { DefinitionOptions, SchemaOptions, TaskOptions } from './options.js';
import loadReflectMetadata from './reflect-metadata.cjs';
import type { Arguments, Handler, HandlerResult, Result } from './task.js';

/** What `@Task()` says of a method. */
export interface TaskMetadata extends TaskOptions {
  /** Name of the task. Default: `Class.method`. */
  readonly name?: string | undefined;
}

/** Key of the metadata on the method function. */
const METADATA_KEY = 'tq:task';

interface Reflection {
  defineMetadata(key: string, value: unknown, target: object): void;
  getOwnMetadata(key: string, target: object): unknown;
}

/** Loaded with the first decorator. */
function reflection(): Reflection {
  if (typeof (Reflect as Partial<Reflection>).defineMetadata !== 'function') {
    loadReflectMetadata();
  }
  return Reflect as unknown as Reflection;
}

/**
 * Works as a legacy decorator, which gets (prototype, key, descriptor), and as a standard one, which gets
 * (method, context): loaders differ in which they make of the same source.
 */
export type TaskDecorator<
  A extends ArgsSchema | undefined = undefined,
  R extends ResultSchema | undefined = undefined,
> = {
  /**
   * As TypeScript's `experimentalDecorators` apply it.
   * @typeParam F the method
   */
  <F extends MethodFor<A, R>>(
    prototype: object,
    key: string,
    descriptor: TypedPropertyDescriptor<F> & SameForCallers<F, A, R>,
  ): void;
  /**
   * As the standard has it.
   * @typeParam F the method
   */
  <F extends MethodFor<A, R>>(
    method: F & SameForCallers<F, A, R>,
    context: ClassMethodDecoratorContext & { readonly static: false; readonly private: false },
  ): void;
};

/** What a method must be to work with the schemas of its task. */
type MethodFor<A extends ArgsSchema | undefined, R extends ResultSchema | undefined> = A extends ArgsSchema
  ? (...args: SchemaOutput<A>) => HandlerResult<R>
  : (...args: never[]) => HandlerResult<R>;

/** Callers see the method's own types, so its schemas must take and make the same ones. */
type SameForCallers<
  F extends CallableFunction,
  A extends ArgsSchema | undefined,
  R extends ResultSchema | undefined,
> = (A extends ArgsSchema
  ? Arguments<F> extends SchemaInput<A>
    ? unknown
    : { readonly 'the schema must take what the method does; else use app.task': SchemaInput<A> }
  : unknown) &
  (R extends ResultSchema
    ? SchemaOutput<R> extends Result<F>
      ? unknown
      : { readonly 'the schema must make what the method returns; else use app.task': SchemaOutput<R> }
    : unknown);

/**
 * Marks a method as a task; `app.register(…)` makes it one.
 * @throws {TqError} `not-a-task` on anything but a public method of the instance with a name
 */
export function Task<A extends ArgsSchema | undefined = undefined, R extends ResultSchema | undefined = undefined>(
  metadata: TaskMetadata & SchemaOptions<A, R> = {},
  ...misuse: never[]
): TaskDecorator<A, R> {
  if (misuse.length > 0) {
    throw new TqError('not-a-task', 'Expected @Task() with parentheses, found @Task: write @Task() or @Task({ … }).');
  }
  // Now and not when it is applied: what jiti makes of decorators breaks the method when `Reflect.metadata` is missing.
  const reflect = reflection();
  return ((...applied: DecoratorArguments): void => {
    reflect.defineMetadata(METADATA_KEY, metadata, decoratedMethod(applied));
  }) as TaskDecorator<A, R>;
}

type DecoratorArguments = readonly [
  target: unknown,
  keyOrContext: string | symbol | DecoratorContext | undefined,
  descriptor?: PropertyDescriptor,
];

/** The method that a decorator is on, in either form. */
function decoratedMethod([target, keyOrContext, descriptor]: DecoratorArguments): Handler {
  const standard = typeof keyOrContext === 'object';
  const method: unknown = standard ? target : descriptor?.value;
  if (typeof method !== 'function' || (standard && keyOrContext.kind !== 'method')) {
    throw new TqError('not-a-task', '@Task() goes on a method; accessors, fields and classes cannot be tasks.');
  }
  const name = standard ? keyOrContext.name : keyOrContext;
  const reachable = standard
    ? keyOrContext.kind === 'method' && !keyOrContext.static && !keyOrContext.private
    : typeof target !== 'function';
  if (!reachable || typeof name === 'symbol') {
    throw new TqError(
      'not-a-task',
      `@Task() goes on a public method of an instance with a name in plain text; '${String(name)}' is static, private or a symbol.`,
    );
  }
  return method as Handler;
}

/** A method of a class, decorated or not. */
export interface ClassMethod {
  readonly key: string;
  /** Bound to the instance. */
  readonly handler: Handler;
  readonly metadata: (TaskMetadata & DefinitionOptions) | undefined;
}

/**
 * The functions that an instance has: its own, its class's methods and those of its base classes. What comes earlier
 * hides what comes later, decorated or not.
 */
export function methodsOf(instance: object): ClassMethod[] {
  const methods = new Map<string, ClassMethod>();
  for (let owner = instance; owner !== null && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      if (key === 'constructor' || typeof value !== 'function' || methods.has(key)) continue;
      const metadata = reflection().getOwnMetadata(METADATA_KEY, value) as ClassMethod['metadata'];
      methods.set(key, { key, handler: value.bind(instance) as Handler, metadata });
    }
  }
  return [...methods.values()];
}
