import { type AppInternals, broadcastExchange, broadcastQueueTopology, everybodyQueue } from '@tq/core/internal';
import type { SlotGroup } from './execution/slots.js';
import { createIntake, type KnownTasks } from './intake/create-intake.js';
import type { ResolvedWorkerOptions } from './options.js';
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
        intake: () => createIntake({ queue, functionFrom: undefined }, known(), app.runtime),
        unknownTask,
      };
    });
  }

  /** What comes to every worker. */
  ofEveryone(): readonly Source[] {
    const { app, settings, slots, known, workerId } = this.#options;
    if (!settings.broadcast) return [];
    const { prefix, queueType: type } = app.options;
    const name = broadcastExchange(prefix);
    const queue = everybodyQueue(name, workerId);
    return [
      {
        queue,
        subscription: broadcastExchange(''),
        slots: slots.ofOthers,
        long: settings.longTasks.includes(broadcastExchange('')),
        topology: () => broadcastQueueTopology(queue, { prefix, type }),
        intake: () => createIntake({ queue, functionFrom: undefined }, known(), app.runtime),
        // Not every worker has every task.
        unknownTask: { kind: 'ignore', limitMs: 0 },
      },
    ];
  }
}
