// Longer than most files: an app's parts are made here and nowhere else, and each of them is short.

import { type AppBroker, OwnBroker } from './app-broker.js';
import { Definitions } from './app-definitions.js';
import type { AppEvents, ConnectionUp } from './app-events.js';
import { type AppInternals, INTERNALS } from './app-internals.js';
import { createOutgoing, type Outgoing } from './app-outgoing.js';
import { PlainSide } from './app-plain.js';
import { type AppTopology, createAppTopology } from './broker/app-topology.js';
import type { Connection } from './broker/connection.js';
import type { QueueAdmin } from './broker/queue-admin.js';
import { withSubscriptions } from './broker/subscription-topology.js';
import { TaskQueue } from './broker/task-queue.js';
import type { Topology } from './broker/topology.js';
import { type FrozenCanvas, freeze } from './canvas/freeze.js';
import { DeadLetters } from './dead-letters/dead-letters.js';
import { TqError } from './errors.js';
import type { DefineEvent, EventHost, EventRoute } from './events/event.js';
import type { EventDefinition, PublishOptions } from './events/event-options.js';
import { EventRegistry } from './events/event-registry.js';
import type { Subscribe } from './events/subscription.js';
import { findTask } from './execution/find-task.js';
import { Observers } from './observers.js';
import { type AppOptions, type ResolvedOptions, resolveOptions } from './options.js';
import type { PlainCall } from './plain/plain-call-options.js';
import type { PlainQueue } from './plain/plain-queue.js';
import type { PlainQueueOptions } from './plain/plain-queue-options.js';
import { closedTransport } from './producer/closed-transport.js';
import { choicesOf } from './producer/eager-subscribers.js';
import { EagerTransport } from './producer/eager-transport.js';
import { encoderOf } from './producer/encoder.js';
import { explainRoute, type RouteExplanation } from './producer/route-explanation.js';
import { type CallAddress, Router } from './producer/router.js';
import { maxDelayMs } from './protocol/delay-key.js';
import type { AsyncResult } from './results/async-result.js';
import type { Publication } from './results/publication.js';
import type { Transport } from './results/transport.js';
import { createRuntime, type Runtime } from './runtime.js';
import { broadcast } from './task/broadcast.js';
import type { Call } from './task/call.js';
import type { CanvasOrder } from './task/canvas-part.js';
import type { TasksOf } from './task/class-tasks.js';
import type { DefineTask } from './task/define-task.js';
import { type Middleware, MiddlewareStack } from './task/middleware.js';
import type { DeclarationOptions, DefinitionOptions } from './task/options.js';
import {
  addRegistry,
  addWaitingCalls,
  childTransport,
  removeRegistry,
  removeWaitingCalls,
} from './task/process-state.js';
import { Registry } from './task/registry.js';
import type { Task, TaskHost } from './task/task.js';
import type { Clock } from './time/clock.js';
import { Deadlines } from './time/deadlines.js';
import { TopologyAdmin } from './topology/topology-admin.js';

/** Tasks, and the way to the broker for their calls. Nothing connects before the first call. */
export interface App extends AsyncDisposable {
  /** Makes a task of a function. */
  readonly task: DefineTask;
  /** A task that is defined elsewhere, for programs that import only its type; the name is checked against it. */
  declareTask<T extends Task>(name: T['name'], options?: DeclarationOptions): T;
  /** Makes an event: something that happens, for whoever subscribes. */
  readonly event: DefineEvent;
  /** Registers a handler for events; workers that have the module consume them. */
  readonly subscribe: Subscribe;
  /** Calls of a task that every worker runs: the same as `broadcast`, which takes the tasks of any app. */
  readonly broadcast: typeof broadcast;
  /** Makes tasks of the methods of a class that carry `@Task()`. Reading another method of it throws `not-a-task`. */
  register<C extends object>(target: (new () => C) | C): TasksOf<C>;
  /**
   * Puts middleware around every call and every run of this app's tasks, inside of what was used before, until the
   * function that it returns is called. Use it where the tasks are defined: a child of a pool has an app of its own.
   * @throws {TqError} `invalid-option`, `unknown-option`
   */
  use(middleware: Middleware): () => void;
  /** Names of the tasks that are defined here, in alphabetical order. */
  taskNames(): string[];
  /**
   * A queue by its name without the app's prefix, to look at, to empty or to delete.
   * @throws {TqError} `invalid-option` when it cannot be a name
   */
  queue(name: string): TaskQueue;
  /** Calls a program that knows no tasks: RabbitMQ's RPC, in whatever language. */
  readonly plainCall: PlainCall;
  /**
   * A queue whose messages are no tasks, by its name without the app's prefix.
   * @throws {TqError} `invalid-option`, `unknown-option`
   */
  plainQueue<T = unknown>(name: string, options?: PlainQueueOptions & { readonly format?: 'json' }): PlainQueue<T>;
  /** The same of text. */
  plainQueue(name: string, options: PlainQueueOptions & { readonly format: 'text' }): PlainQueue<string>;
  /** The same of bytes. */
  plainQueue(name: string, options: PlainQueueOptions & { readonly format: 'bytes' }): PlainQueue<Uint8Array>;
  /** What became of messages that no worker could finish: to list, to put back, to throw away. */
  readonly deadLetters: DeadLetters;
  /** What the app declares on its broker, and how that compares to what is there. */
  readonly topology: TopologyAdmin;
  /**
   * Says where a call of a task would go and why, as `tq route` shows it; nothing is sent. A task that is defined
   * elsewhere is given as what `declareTask` gives, so that its own options count.
   * @param args what functions among the routes are asked with. Default: none
   * @param call what the call would say itself
   */
  explainRoute(
    task: string | Pick<Task, 'name' | 'options'>,
    args?: readonly unknown[],
    call?: RouteCall,
  ): RouteExplanation;
  /** Observes what the app does until the function that it returns is called. */
  on<K extends keyof AppEvents>(name: K, listener: (event: AppEvents[K]) => unknown): () => void;
  /**
   * Takes no more calls (they fail with `closed`), waits for the confirms of what was published, bounded by their
   * deadlines, ends open waits and disconnects. Idempotent.
   */
  close(): Promise<void>;
}

/** What a call says of its way. */
export type RouteCall = CallAddress;

/**
 * Makes an app of its own; `defineTask` uses the default one.
 * @throws {TqError} `unknown-option` or `invalid-option`
 */
export function createApp(options: AppOptions = {}): App {
  return new TqApp(resolveOptions(options), undefined);
}

/** An app that goes by this clock: for tests. */
export function createAppOn(clock: Clock, options: AppOptions): App {
  return new TqApp(resolveOptions(options), clock);
}

class TqApp implements App, TaskHost, EventHost, AppInternals {
  readonly [INTERNALS]: AppInternals = this;
  readonly options: ResolvedOptions;
  readonly runtime: Runtime;
  readonly registry = new Registry();
  readonly task = ((...definition: Parameters<Definitions['task']>) =>
    this.#definitions.task(...definition)) as DefineTask;
  readonly events = new EventRegistry(this);
  readonly event = ((name: string, given?: EventDefinition) => this.events.define(name, given)) as DefineEvent;
  readonly subscribe = ((...subscription: Parameters<Definitions['subscribe']>) =>
    this.#definitions.subscribe(...subscription)) as Subscribe;
  readonly broadcast = broadcast;
  readonly deadLetters: DeadLetters;
  readonly topology: TopologyAdmin;
  readonly #observers: Observers<AppEvents>;
  readonly #deadlines: Deadlines;
  readonly #topology: AppTopology;
  readonly #middleware = new MiddlewareStack();
  readonly #router: Router | undefined;
  readonly #definitions: Definitions;
  readonly #waiting = () => this.waiting();
  #closing: Promise<void> | undefined;
  #broker: OwnBroker | undefined;
  /** Made with the app, in whose asynchronous context its tasks run. */
  readonly #eager: EagerTransport | undefined;
  #outgoing: Outgoing | undefined;
  #plain: PlainSide | undefined;
  readonly plainCall = ((...call: Parameters<PlainSide['call']>) => this.#plainSide().call(...call)) as PlainCall;

  constructor(options: ResolvedOptions, clock: Clock | undefined) {
    this.options = options;
    this.#router = options.routes === undefined ? undefined : new Router(options.routes);
    this.#definitions = this.#createDefinitions();
    this.#topology = createAppTopology(options);
    this.runtime = createRuntime(options.logger, clock);
    this.#deadlines = new Deadlines(this.runtime.clock);
    this.#observers = new Observers((err, event) =>
      this.runtime.logger.error({ err, event }, 'an observer of the app failed'),
    );
    this.#eager = options.eager ? this.#createEager() : undefined;
    this.deadLetters = this.#createDeadLetters();
    this.topology = this.#createTopology();
    addRegistry(this.registry);
    addWaitingCalls(this.#waiting);
  }

  declareTask<T extends Task>(name: T['name'], options: DefinitionOptions = {}): T {
    return this.#definitions.declare<T>(name, options);
  }

  register<C extends object>(target: (new () => C) | C): TasksOf<C> {
    return this.#definitions.register(target);
  }

  use(middleware: Middleware): () => void {
    return this.#middleware.use(middleware);
  }

  taskNames(): string[] {
    return this.registry.names();
  }

  queue(name: string): TaskQueue {
    return new TaskQueue({ prefix: this.options.prefix, admin: (queue) => this.#queueAdmin(queue) }, name);
  }

  explainRoute(
    task: string | Pick<Task, 'name' | 'options'>,
    args: readonly unknown[] = [],
    call: RouteCall = {},
  ): RouteExplanation {
    const name = typeof task === 'string' ? task : task.name;
    const definition = typeof task === 'string' ? (findTask(task, this.registry)?.own ?? {}) : task.options;
    const question = { task: name, args, call, definition, defaultQueue: this.options.queue };
    return explainRoute(this.#router, question);
  }

  plainQueue(name: string, options: PlainQueueOptions = {}): PlainQueue<never> {
    return this.#plainSide().queue(name, options);
  }

  on<K extends keyof AppEvents>(name: K, listener: (event: AppEvents[K]) => unknown): () => void {
    return this.#observers.on(name, listener);
  }

  send<T>(call: Call): AsyncResult<T> {
    this.#outgoing ??= this.#createOutgoing();
    return this.#outgoing.calls.send<T>(call);
  }

  sendCanvas<Handle>(order: CanvasOrder): Handle {
    this.#outgoing ??= this.#createOutgoing();
    return this.#outgoing.canvases.send(order) as Handle;
  }

  freezeCanvas(order: CanvasOrder, newId = this.runtime.newId): FrozenCanvas {
    const { prefix, queue, preset, delayUnit } = this.options;
    const { clock } = this.runtime;
    return freeze(order, {
      owner: this,
      prefix,
      defaultQueue: queue,
      router: this.#router,
      preset,
      maxDelayMs: maxDelayMs(delayUnit),
      newId,
      now: () => clock.wallTime(),
    });
  }

  publishEvent(event: EventRoute, payload: unknown, options: PublishOptions | undefined): Publication {
    this.#outgoing ??= this.#createOutgoing();
    return this.#outgoing.events.publish(event, payload, options);
  }

  room(): Promise<void> | undefined {
    this.#outgoing ??= this.#createOutgoing();
    return this.#outgoing.calls.room();
  }

  get prefix(): string {
    return this.options.prefix;
  }

  get transport(): Transport {
    if (this.#eager !== undefined) return this.#eager;
    if (this.#closing !== undefined && this.#broker === undefined) return closedTransport;
    return childTransport() ?? this.#ownBroker().transport;
  }

  waiting(): Promise<void> | undefined {
    if (this.#outgoing === undefined) return undefined;
    const { calls, canvases } = this.#outgoing;
    return canvases.waiting()?.then(() => calls.waiting()) ?? calls.waiting();
  }

  broker(): AppBroker {
    return this.#ownBroker();
  }

  topologyOf(queue: string): Topology {
    return this.#topology.ofQueue(queue);
  }

  topologyOfExchange(exchange: string): Topology | undefined {
    return this.#topology.ofExchange(exchange);
  }

  declaredTopology(): Topology {
    const { prefix } = this.options;
    const whole = this.#topology.whole(
      this.#definitions.queues().map((queue) => prefix + queue),
      this.events.exchanges(),
    );
    return withSubscriptions(whole, this.registry.subscriptions(), prefix);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    removeRegistry(this.registry);
    // Its handlers may still call; without any, what is called after close() is refused at once.
    if (this.#plain !== undefined) await this.#plain.stop();
    this.#outgoing?.calls.close();
    this.#outgoing?.canvases.close();
    this.#outgoing?.events.close();
    await this.waiting();
    removeWaitingCalls(this.#waiting);
    this.#eager?.close();
    await this.#broker?.close();
  }

  #createDefinitions(): Definitions {
    return new Definitions({
      calls: this,
      options: this.options,
      registry: this.registry,
      middleware: this.#middleware,
      router: this.#router,
    });
  }

  #createOutgoing(): Outgoing {
    return createOutgoing({
      options: this.options,
      runtime: this.runtime,
      transport: this.#closing === undefined ? this.transport : closedTransport,
      router: this.#router,
      middleware: this.#middleware,
      deadlines: this.#deadlines,
      observers: this.#observers,
      freeze: (order) => this.freezeCanvas(order),
    });
  }

  #plainSide(): PlainSide {
    this.#plain ??= new PlainSide({
      options: this.options,
      runtime: this.runtime,
      deadlines: this.#deadlines,
      observers: this.#observers,
      transport: () => this.transport,
      broker: () => this.#ownBroker(),
      depth: (queue, options) => this.queue(queue).depth(options),
    });
    return this.#plain;
  }

  #createEager(): EagerTransport {
    const { maxMessageBytes, preset, prefix, exchanges } = this.options;
    return new EagerTransport({
      runtime: this.runtime,
      deadlines: this.#deadlines,
      registry: this.registry,
      preset,
      maxMessageBytes,
      encode: encoderOf(preset),
      choiceOf: choicesOf(prefix, exchanges),
    });
  }

  #createDeadLetters(): DeadLetters {
    const { prefix, preset } = this.options;
    return new DeadLetters({
      prefix,
      preset,
      clock: this.runtime.clock,
      registry: this.registry,
      topologyOf: (queue) => this.topologyOf(queue),
      queues: () => this.#definitions.deadLetterOrigins(),
      connect: () => this.#ownBroker().connectAnother('dead letters'),
    });
  }

  #createTopology(): TopologyAdmin {
    return new TopologyAdmin({
      prefix: this.options.prefix,
      clock: this.runtime.clock,
      declared: () => this.declaredTopology(),
      topologyOf: (queue) => this.topologyOf(queue),
      connect: () => this.#ownBroker().connectAnother('topology'),
      admin: () => this.#ownBroker().queues,
    });
  }

  #queueAdmin(queue: string): QueueAdmin {
    if (childTransport() === undefined) return this.#ownBroker().queues;
    const text = `A child of a pool has no connection to ask about the queue '${queue}': do it in the program that calls the task, or where the worker is started.`;
    throw new TqError('in-child', text);
  }

  #ownBroker(): OwnBroker {
    if (this.#eager !== undefined) {
      const text =
        'An eager app has no broker: it runs its tasks itself, in the process that calls them. Leave out eager (and TQ_EAGER) to use one.';
      throw new TqError('invalid-option', text);
    }
    if (childTransport() !== undefined) {
      const text =
        'A child of a pool does not connect to the broker; its calls go through its worker. Remove the connection from the task module.';
      throw new TqError('in-child', text);
    }
    if (this.#broker === undefined) {
      if (this.#closing !== undefined) throw new TqError('closed', 'The app is closed; create a new one.');
      this.#broker = new OwnBroker(this.options, this.runtime, this.#deadlines, this.#topology);
      this.#watch('publish', this.#broker.publishing);
      this.#watch('consume', this.#broker.consuming);
    }
    return this.#broker;
  }

  #watch(role: ConnectionUp['role'], connection: Connection): void {
    connection.addUser({
      linkUp: () => this.#observers.emit('connection:up', { role }),
      // A connection that the app closes is not lost.
      linkDown: (error) => {
        if (this.#closing === undefined) this.#observers.emit('connection:down', { role, error });
      },
    });
  }
}
