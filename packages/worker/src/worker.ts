// Longer than most files: a worker's parts are made here and nowhere else, in the order in which they start and stop.

import {
  type App,
  type AppInternals,
  childVariables,
  internalsOf,
  type LinkUser,
  type Logger,
  TqError,
  type WorkerEvents,
  within,
} from '@tq/core/internal';
import { Consumers } from './consumers.js';
import { Companions } from './execution/companions.js';
import { createSettler } from './execution/create-settler.js';
import { Executor } from './execution/execute.js';
import { ChordJoiner } from './execution/join/joiner.js';
import { RunEvents } from './execution/run-events.js';
import { Tally } from './execution/tally.js';
import { FreezeWatch } from './freeze-watch.js';
import { describeHealth, type WorkerHealth, type WorkerState } from './health.js';
import type { KnownTasks } from './intake/create-intake.js';
import { loadModules } from './load-modules.js';
import { type ResolvedWorkerOptions, resolveWorkerOptions, type WorkerOptions } from './options.js';
import { createPool } from './pools/create-pool.js';
import type { Pool } from './pools/pool.js';
import { planSlots } from './slot-plan.js';
import { Sources } from './sources.js';
import { WorkerLife } from './worker-life.js';

/** The shortest heartbeat is 1 s, and asking the broker costs a round trip: better once too often. */
const FREEZE_LIMIT_MS = 1_000;
/** How long a task may keep the event loop before the log names it. */
const BLOCKED_LOOP_MS = 1_000;

/** How a worker is to stop. */
export interface StopOptions {
  /** Abort running tasks now instead of waiting for them. Default: false. */
  readonly cold?: boolean | undefined;
  /** Called once nothing more is taken, while what runs goes on. The first call of `stop` has it. */
  readonly onDetached?: (() => void) | undefined;
}

/** Consumes task queues and runs their tasks. */
export interface Worker extends AsyncDisposable {
  /** Facts for a banner: what is consumed, with what. */
  readonly settings: Omit<ResolvedWorkerOptions, 'tasks'>;
  /**
   * Resolves when the pool is ready, every queue is consumed and the hooks of `onWorkerReady` have run. From then on the
   * worker comes back from whatever happens to its connection. Rejects with `task-load-failed`, or
   * `declaration-conflict` when a queue exists with other properties, `invalid-option` when the broker takes no such queue, and with what a hook of `onWorkerStart` threw.
   */
  start(): Promise<void>;
  /**
   * Warm stop: takes no more, gives back what has not started, waits for what runs, at most `shutdownTimeout`; then,
   * or with `cold` at once, aborts what runs and gives it back. Idempotent; a later call with `cold` hastens it.
   */
  stop(options?: StopOptions): Promise<void>;
  /** What it is doing, and whether it can. */
  health(): WorkerHealth;
  /** Observes what the worker does until the function that it returns is called. An observer that fails is logged. */
  on<K extends keyof WorkerEvents>(name: K, listener: (event: WorkerEvents[K]) => unknown): () => void;
  /** Names of the tasks that it can run, known after `start()`. */
  taskNames(): readonly string[];
}

/**
 * Makes a worker for the tasks of an app. Nothing happens before `start()`.
 * @throws {TqError} `unknown-option`, `invalid-option`; `in-child` inside a child of a pool
 */
export function createWorker(app: App, options: WorkerOptions = {}): Worker {
  const internals = internalsOf(app);
  internals.broker();
  return new TqWorker(internals, resolveWorkerOptions(options, internals.options.queue), options.logger);
}

class TqWorker implements Worker {
  readonly settings: ResolvedWorkerOptions;
  readonly #app: AppInternals;
  readonly #logger: Logger;
  readonly #pool: Pool;
  readonly #executor: Executor;
  readonly #consumers: Consumers;
  readonly #sources: Sources;
  readonly #tally: Tally;
  readonly #freezeWatch: FreezeWatch;
  readonly #life: WorkerLife;
  /** Starts what waited for the broker once it takes publishes again. */
  readonly #blockedWatch: LinkUser = {
    linkUp: () => this.#brokerBlocked(false),
    linkDown: () => undefined,
    linkBlocked: (blocked) => this.#brokerBlocked(blocked),
  };
  #state: WorkerState = 'created';
  /** Monotonic time, ms. */
  #startedAt: number | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #hasten: (() => void) | undefined;
  #releases: (() => void)[] = [];

  constructor(app: AppInternals, settings: ResolvedWorkerOptions, logger: Logger | undefined) {
    this.settings = settings;
    this.#logger = logger ?? app.runtime.logger;
    this.#app = logger === undefined ? app : withLogger(app, logger);
    const { clock } = app.runtime;
    this.#life = new WorkerLife({
      identity: { hostname: settings.hostname, queues: settings.queues.map(({ name }) => app.options.prefix + name) },
      logger: this.#logger,
      clock,
      shutdownTimeout: settings.shutdownTimeout,
      abortGrace: settings.abortGrace,
    });
    const events = new RunEvents(this.#life.observers, clock, settings.lostLimit);
    const factsOf = (task: string) => this.#pool.factsOf(task);
    const tally = new Tally(this.#logger, clock, settings.summaryInterval);
    this.#tally = tally;
    const companions = new Companions();
    const settler = createSettler({
      app: this.#app,
      worker: settings.hostname,
      factsOf,
      onGivenUp: ({ queue, task }, death) => {
        tally.givenUp(death.reason);
        events.givenUp(queue, task, death);
      },
      createJoiner: (parts) => new ChordJoiner(parts, companions),
    });
    const limits = { lost: settings.lostLimit, deliveries: settings.deliveryLimit };
    const slots = planSlots(settings.queues, settings.concurrency);
    const services = {
      logger: this.#logger,
      transport: app.transport,
      registry: app.registry,
      childEnv: childVariables(app.options),
    };
    this.#pool = createPool({
      kind: settings.pool,
      slots: slots.total,
      modules: settings.tasks,
      services,
      runtime: app.runtime,
      recycling: { maxTasks: settings.maxTasksPerChild, maxMemoryBytes: settings.maxMemoryPerChild },
      graceMs: settings.abortGrace,
      timeLimitMs: settings.timeLimit,
      blockedLoopMs: settings.blockedLoopLimit ?? blockedLoopLimit(app.options.heartbeat),
    });
    this.#freezeWatch = new FreezeWatch(clock, FREEZE_LIMIT_MS, () => this.#consumers.verify());
    this.#executor = new Executor({
      app: this.#app,
      pool: this.#pool,
      settler,
      companions,
      limits,
      tally,
      freezeWatch: this.#freezeWatch,
      events,
      timeLimits: { timeLimit: settings.timeLimit, softTimeLimit: settings.softTimeLimit },
    });
    this.#consumers = new Consumers({
      app: this.#app,
      prefetchMultiplier: settings.prefetchMultiplier,
      limits,
      executor: this.#executor,
      settler,
      events,
      tally,
    });
    const known = () => this.#knownTasks();
    this.#sources = new Sources({ app, settings, slots, known, workerId: app.runtime.newId() });
    this.#consumers.add(this.#sources.ofQueues());
  }

  on<K extends keyof WorkerEvents>(name: K, listener: (event: WorkerEvents[K]) => unknown): () => void {
    return this.#life.observers.on(name, listener);
  }

  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  stop({ cold = false, onDetached }: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(onDetached);
    if (cold) this.#hasten?.();
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  taskNames(): readonly string[] {
    return this.#pool.tasks();
  }

  health(): WorkerHealth {
    const startedAt = this.#startedAt;
    return describeHealth({
      state: this.#state,
      uptimeMs: startedAt === undefined ? 0 : this.#app.runtime.clock.monotonic() - startedAt,
      broker: this.#app.broker(),
      consumers: [...this.#consumers],
      pool: this.#pool,
      executor: this.#executor,
      tally: this.#tally,
    });
  }

  async #start(): Promise<void> {
    this.#state = 'starting';
    this.#life.starting();
    try {
      // The modules of an async pool run in this process, and their hooks are this worker's.
      if (this.settings.pool === 'async') await loadModules(this.settings.tasks);
      await this.#life.beginning();
      this.#connect();
      await this.#pool.start();
      this.#consumers.add(this.#sources.ofOthers());
      await this.#consumers.start();
    } catch (error) {
      await this.stop({ cold: true });
      throw error;
    }
    if (this.#state !== 'starting') return;
    this.#state = 'running';
    this.#startedAt = this.#app.runtime.clock.monotonic();
    this.#freezeWatch.start();
    this.#tally.start();
    const { subscriptions } = this.#consumers;
    await this.#life.ready({ tasks: this.taskNames(), slots: this.#pool.slots, subscriptions });
  }

  #knownTasks(): KnownTasks {
    return { names: new Set(this.#pool.tasks()), factsOf: (task) => this.#pool.factsOf(task) };
  }

  #connect(): void {
    if (this.#state !== 'starting') throw new TqError('worker-stopped', 'The worker was stopped while it started.');
    const { publishing, consuming } = this.#app.broker();
    this.#releases = [publishing.hold(), consuming.hold()];
    publishing.open();
    consuming.open();
    publishing.addUser(this.#blockedWatch);
  }

  #brokerBlocked(blocked: boolean): void {
    this.#executor.pump();
    this.#life.brokerBlocked(blocked);
  }

  async #stop(onDetached: (() => void) | undefined): Promise<void> {
    this.#state = 'stopping';
    this.#life.stopping();
    const hastened = new Promise<void>((resolve) => {
      this.#hasten = resolve;
    });
    await this.#consumers.stop();
    onDetached?.();
    this.#executor.giveBackWaiting();
    await this.#drain(hastened);
    await this.#pool.stop(this.settings.abortGrace);
    // A blocked broker takes no replies: what cannot be settled in the grace goes back with its channel.
    await within(this.#app.runtime.clock, this.settings.abortGrace, this.#executor.whenIdle());
    await this.#consumers.close();
    await this.#executor.whenIdle();
    this.#freezeWatch.stop();
    this.#tally.stop();
    this.#app.broker().publishing.removeUser(this.#blockedWatch);
    await this.#life.ending();
    for (const release of this.#releases.splice(0)) release();
    this.#state = 'stopped';
    this.#life.stopped();
  }

  /** Waits for what runs: until it is done, until the timeout, or until somebody wants it cold. */
  async #drain(hastened: Promise<void>): Promise<void> {
    const { clock } = this.#app.runtime;
    const done = Promise.race([this.#executor.whenIdle(), hastened]);
    if (await within(clock, this.settings.shutdownTimeout, done)) return;
    this.#logger.warn({ running: this.#executor.running }, 'the shutdown timeout is over; aborting what still runs');
  }
}

/** A loop that stands still for half a heartbeat is soon taken for dead. */
function blockedLoopLimit(heartbeatS: number): number {
  return heartbeatS === 0 ? BLOCKED_LOOP_MS : Math.min(BLOCKED_LOOP_MS, heartbeatS * 500);
}

/** The same app, logging through the worker's own logger. */
function withLogger(app: AppInternals, logger: Logger): AppInternals {
  return {
    options: app.options,
    registry: app.registry,
    transport: app.transport,
    runtime: { ...app.runtime, logger },
    waiting: () => app.waiting(),
    broker: () => app.broker(),
    events: app.events,
    topologyOf: (queue) => app.topologyOf(queue),
    topologyOfExchange: (exchange) => app.topologyOfExchange(exchange),
    declaredTopology: () => app.declaredTopology(),
    sendCanvas: (order) => app.sendCanvas(order),
    freezeCanvas: (order) => app.freezeCanvas(order),
  };
}
