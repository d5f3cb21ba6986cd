import {
  type AppInternals,
  broadcastExchange,
  broadcastQueueTopology,
  everybodyQueue,
  isSubscriptionOf,
  type SubscriptionFacts,
  subscriptionInflow,
  type Topology,
  TqError,
  workerQueueTopology,
} from '@tq/core/internal';
import type { SlotGroup } from './execution/slots.js';
import { createIntake, type KnownTasks } from './intake/create-intake.js';
import { eventIntake } from './intake/event-intake.js';
import { type ResolvedWorkerOptions, refuseUnknownQueues } from './options.js';
import type { SlotPlan } from './slot-plan.js';
import type { Source } from './source.js';

export interface SourcesOptions {
  readonly app: AppInternals;
  readonly settings: ResolvedWorkerOptions;
  readonly slots: SlotPlan;
  /** What the tasks' modules say; known once the pool is ready. */
  readonly known: () => KnownTasks;
  /** Unique among workers: part of the names of the queues that are this one's own. */
  readonly workerId: string;
}

/** What a worker consumes: the queues that it was told, and what comes to it since of the tasks that it has. */
export class Sources {
  readonly #options: SourcesOptions;

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  /** Its queues. */
  ofQueues(): readonly Source[] {
    const { app, settings, slots, known } = this.#options;
    const unknownTask = { kind: settings.unknownTask, limitMs: settings.unknownTaskLimit };
    return settings.queues.map(({ name }) => {
      const queue = app.options.prefix + name;
      return {
        queue,
        slots: slots.ofQueues.get(name) as SlotGroup,
        long: settings.longTasks.includes(name),
        topology: () => app.topologyOf(queue),
        intake: () =>
          createIntake(known(), app.runtime, { name, functionFrom: app.options.queues[name]?.functionFrom }),
        unknownTask,
      };
    });
  }

  /**
   * What comes to it beside its queues: broadcasts, and what its tasks subscribe to. Asked once the tasks are known.
   * @throws {TqError} `invalid-option` where it comes to nothing, or `longTasks` names something else
   */
  ofOthers(): readonly Source[] {
    const { settings } = this.#options;
    const broadcasts = settings.broadcast ? [this.#ofBroadcasts()] : [];
    const subscriptions = settings.subscriptions ? this.#subscriptions().map((facts) => this.#ofEvents(facts)) : [];
    const others = [...broadcasts, ...subscriptions];
    if (others.length === 0 && settings.queues.length === 0) throw nothingToConsume();
    const consumed = [...settings.queues.map(({ name }) => name), ...others.map(({ name }) => name)];
    refuseUnknownQueues(settings.longTasks, consumed);
    return others;
  }

  #ofBroadcasts(): NamedSource {
    const { app, known } = this.#options;
    const { prefix, queueType: type } = app.options;
    const name = broadcastExchange('');
    const queue = everybodyQueue(broadcastExchange(prefix), this.#options.workerId);
    return {
      ...this.#other(name, queue, name),
      topology: () => broadcastQueueTopology(queue, { prefix, type }),
      intake: () => createIntake(known(), app.runtime),
      // Not every worker has every task.
      unknownTask: { kind: 'ignore', limitMs: 0 },
    };
  }

  #ofEvents(facts: SubscriptionFacts): NamedSource {
    const { app, workerId } = this.#options;
    const { prefix, queueType: type } = app.options;
    const shared = facts.group !== undefined;
    const queue = shared ? facts.queue : everybodyQueue(facts.queue, workerId);
    const topology = () => {
      // An exchange of the user's that the app configures is declared with what it gets messages from.
      const inflow = joined(app.topologyOfExchange(facts.exchange) ?? {}, subscriptionInflow(facts, queue, prefix));
      return joined(shared ? app.topologyOf(queue) : workerQueueTopology(queue, { prefix, type }), inflow);
    };
    return {
      ...this.#other(facts.queue.slice(prefix.length), queue, facts.name),
      topology,
      intake: () => eventIntake(facts, app.runtime),
      unknownTask: { kind: 'dead-letter', limitMs: 0 },
    };
  }

  /** @param name by which `longTasks` knows it */
  #other(name: string, queue: string, subscription: string) {
    const { settings, slots } = this.#options;
    return { name, queue, subscription, slots: slots.ofOthers, long: settings.longTasks.includes(name) };
  }

  /** Modules may have subscriptions of another app beside, whose exchanges and queues have another prefix: not for here. */
  #subscriptions(): readonly SubscriptionFacts[] {
    const { app, known } = this.#options;
    const { names, factsOf } = known();
    const all = [...names].flatMap((task) => factsOf(task)?.subscription ?? []);
    return all.filter(({ queue }) => isSubscriptionOf(app.options.prefix, queue));
  }
}

interface NamedSource extends Source {
  /** By which `longTasks` knows it: without prefix, and of a worker's own queue without the worker. */
  readonly name: string;
}

function joined(...parts: readonly Partial<Topology>[]): Topology {
  return {
    exchanges: parts.flatMap(({ exchanges = [] }) => exchanges),
    queues: parts.flatMap(({ queues = [] }) => queues),
    bindings: parts.flatMap(({ bindings = [] }) => bindings),
  };
}

function nothingToConsume(): TqError {
  const text =
    'queues: expected at least one for a worker whose tasks subscribe to nothing and which runs no broadcasts, found none. Name a queue, or add the module that subscribes.';
  return new TqError('invalid-option', text);
}
