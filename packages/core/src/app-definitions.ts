import type { DefinedEvent } from './events/event.js';
import type { SubscriptionDefinition } from './events/subscribe-options.js';
import { type EventHandler, readSubscription, type Subscription, subscriptionTask } from './events/subscription.js';
import type { ResolvedOptions } from './options.js';
import type { Router } from './producer/router.js';
import { routedQueues } from './producer/routes.js';
import { checkDestination } from './protocol/delay-key.js';
import { broadcastExchange } from './protocol/names.js';
import { registerClass, type TasksOf } from './task/class-tasks.js';
import type { NamedDefinition } from './task/define-task.js';
import type { MiddlewareStack } from './task/middleware.js';
import { failureAddress, type QueueNaming } from './task/on-failure.js';
import { checkHandler, type DefinitionOptions, limitsOf, resultOfDeclaration } from './task/options.js';
import { plainFacts } from './task/plain-task.js';
import type { Registry, Runnable } from './task/registry.js';
import { createTask, type Handler, type Task, type TaskHost } from './task/task.js';

/** What definitions need of their app. */
export interface DefinitionsHost {
  readonly calls: TaskHost;
  readonly options: Pick<ResolvedOptions, 'prefix' | 'queue' | 'queues' | 'routes'>;
  readonly registry: Registry;
  readonly middleware: MiddlewareStack;
  readonly router: Router | undefined;
}

/** The tasks and subscriptions of one app as they are defined, and the queues that follow from them. */
export class Definitions {
  readonly #host: DefinitionsHost;

  constructor(host: DefinitionsHost) {
    this.#host = host;
  }

  /** In both forms of `DefineTask`. */
  task(first: string | NamedDefinition, handler: Handler, options: DefinitionOptions = {}): Task {
    const { name, ...rest } = typeof first === 'string' ? { name: first, ...options } : first;
    return this.#define(name, handler, rest);
  }

  /** A task that is defined elsewhere. */
  declare<T extends Task>(name: T['name'], options: DefinitionOptions): T {
    if (options.result !== undefined) throw resultOfDeclaration(name);
    return this.#create(name, undefined, options) as Task as T;
  }

  /** The tasks of a class. */
  register<C extends object>(target: (new () => C) | C): TasksOf<C> {
    return registerClass(target, (name, handler, options) => this.#define(name, handler, options));
  }

  subscribe(
    what: DefinedEvent | string,
    handler: EventHandler<never>,
    options: SubscriptionDefinition = {},
  ): Subscription {
    const { options: app, registry, middleware } = this.#host;
    const subscription = readSubscription(app.prefix, what, handler, options);
    registry.add(subscriptionTask(subscription, options, { ...this.#naming(), middleware }));
    const { name, keys, group } = subscription.facts;
    return { name, keys, group };
  }

  /** Queues of the options and of the tasks that are defined here, without prefix, in alphabetical order. */
  queues(): readonly string[] {
    const { options, registry } = this.#host;
    const { queue, queues, routes } = options;
    const ofTasks = registry.names().flatMap((name) => registry.get(name)?.queue ?? []);
    return [...new Set([queue, ...Object.keys(queues), ...routedQueues(routes), ...ofTasks])].sort();
  }

  /** All that dead letters come from: what goes to every worker has some without having a queue. */
  deadLetterOrigins(): readonly string[] {
    const { options, registry } = this.#host;
    const shared = registry
      .subscriptions()
      .filter(({ group }) => group === undefined)
      .map(({ queue }) => queue.slice(options.prefix.length));
    return [...this.queues(), broadcastExchange(''), ...shared].sort();
  }

  #define(name: string, handler: Handler, options: DefinitionOptions): Task {
    checkHandler(name, handler);
    const task = this.#create(name, handler, options);
    const { args, result } = options;
    this.#host.registry.add({
      name,
      handler,
      ...this.#wayOf(task),
      plain: plainFacts(name, handler, task.options),
      limits: limitsOf(task.options),
      deadLetter: task.options.deadLetter === false ? false : undefined,
      onFailure: task.options.onFailure && failureAddress(task.options.onFailure, this.#naming()),
      retry: task.options.retry,
      middleware: this.#host.middleware,
      args,
      result,
    });
    return task;
  }

  #create(name: string, handler: Handler | undefined, options: DefinitionOptions): Task {
    const { calls, options: app } = this.#host;
    const task = createTask(calls, name, handler, options);
    checkDestination(app.prefix + (task.options.queue ?? app.queue));
    return task;
  }

  /** How lists show where its calls go. */
  #wayOf({ name, options: { queue, priority } }: Task): Pick<Runnable, 'queue' | 'route' | 'own'> {
    const { router, options: app } = this.#host;
    const own = { queue, priority };
    if (queue !== undefined || router === undefined) return { queue: queue ?? app.queue, own };
    if (router.isAsked(name)) return { route: '(a function decides)', own };
    const { queue: routed = app.queue, exchange, routingKey = '' } = router.standing(name) ?? {};
    if (exchange === undefined) return { queue: routed, own };
    return { route: `(exchange ${exchange}${routingKey && `, key ${routingKey}`})`, own };
  }

  #naming(): QueueNaming {
    const { options, router } = this.#host;
    return { prefix: options.prefix, queue: options.queue, router };
  }
}
