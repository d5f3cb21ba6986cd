import { hostname } from 'node:os';
import {
  checkTimeLimits,
  type Logger,
  refuseUnknownKeys,
  requireInteger,
  requireOneOf,
  TqError,
} from '@tq/core/internal';
import type { Pool } from './pools/pool.js';

/** Options of a worker. */
export interface WorkerOptions {
  /** Task modules, as paths or file URLs, which threads and processes import. Needed by every pool but `async`. */
  readonly tasks?: readonly (string | URL)[] | undefined;
  /** Queues to consume, without the app's prefix; a number gives a queue slots of its own: `['tq']`, `{ mail: 2, math: 2 }`. Default: the app's `queue`. */
  readonly queues?: readonly string[] | Readonly<Record<string, number | undefined>> | undefined;
  /** Slots that queues without slots of their own share, 1 to 1,000. Default: 4. */
  readonly concurrency?: number | undefined;
  /** `thread` runs tasks off the connection's event loop, `process` in processes of their own; `async` runs them in the loop, for tasks that mostly wait. Default: `thread`. */
  readonly pool?: Pool['kind'] | undefined;
  /** Deliveries taken in advance for each slot, 1 to 100. 1 is fair; more is faster for tiny tasks. Default: 1. */
  readonly prefetchMultiplier?: number | undefined;
  /** How long a warm stop waits for running tasks, ms; then they are aborted. Default: 25,000, under a container's 30 s. */
  readonly shutdownTimeout?: number | undefined;
  /** How long aborted tasks get before they are killed, ms. Default: 2,000. */
  readonly abortGrace?: number | undefined;
  /**
   * Longest time that a run may take whose call and task say nothing, ms, from 1 on: then its thread or process is ended
   * and replaced, and the task fails with `TimeLimitError`. The async pool cannot do that and refuses it. Default: none.
   */
  readonly timeLimit?: number | undefined;
  /** When the signal of such a run aborts with a `SoftTimeLimitError`, ms, from 1 on, less than `timeLimit`. Default: none. */
  readonly softTimeLimit?: number | undefined;
  /** Tasks that a thread or process runs before another takes its place, from 1 on. Default: no limit. */
  readonly maxTasksPerChild?: number | undefined;
  /**
   * Bytes that a thread or process may hold after a task before another takes its place, from 1 on: of a process its
   * resident set, of a thread its heap and the buffers of its objects. Default: no limit.
   */
  readonly maxMemoryPerChild?: number | undefined;
  /** How long a task of the async pool may keep the event loop before the log names it, ms; 0 never looks. Default: 1,000, and at most half of a heartbeat. */
  readonly blockedLoopLimit?: number | undefined;
  /** Name of this worker, in dead letters and logs. Default: `tq@HOST`. */
  readonly hostname?: string | undefined;
  /** Pool children that may die with one task before it is given up, 1 to 100. Default: 3. */
  readonly lostLimit?: number | undefined;
  /** Deliveries of one task that may end without an ack, 1 to 29. Default: 20. */
  readonly deliveryLimit?: number | undefined;
  /** Time between two summaries of what was done in the log, ms. Default: 60,000. */
  readonly summaryInterval?: number | undefined;
  /** Where log lines go. Default: the app's logger. */
  readonly logger?: Logger | undefined;
}

/** A queue to consume. */
export interface QueueShare {
  /** Without the prefix. */
  readonly name: string;
  /** Slots of its own; undefined shares `concurrency` with the others. */
  readonly slots: number | undefined;
}

/** Options with every default filled in. */
export interface ResolvedWorkerOptions {
  readonly tasks: readonly string[];
  readonly queues: readonly QueueShare[];
  readonly concurrency: number;
  readonly pool: Pool['kind'];
  readonly prefetchMultiplier: number;
  readonly shutdownTimeout: number;
  readonly abortGrace: number;
  readonly timeLimit: number | undefined;
  readonly softTimeLimit: number | undefined;
  readonly maxTasksPerChild: number | undefined;
  readonly maxMemoryPerChild: number | undefined;
  /** Undefined leaves it to the heartbeat. */
  readonly blockedLoopLimit: number | undefined;
  readonly hostname: string;
  readonly lostLimit: number;
  readonly deliveryLimit: number;
  readonly summaryInterval: number;
}

const KNOWN = [
  ...['tasks', 'queues', 'concurrency', 'pool', 'prefetchMultiplier', 'shutdownTimeout', 'abortGrace', 'hostname'],
  ...['timeLimit', 'softTimeLimit', 'maxTasksPerChild', 'maxMemoryPerChild', 'blockedLoopLimit'],
  ...['lostLimit', 'deliveryLimit', 'summaryInterval', 'logger'],
];

const MAX_SLOTS = { min: 1, max: 1_000 };
const MAX_MS = { min: 0, max: 2_147_483_647 };

/**
 * Fills in defaults and checks every value.
 * @param defaultQueue the app's
 * @throws {TqError} `unknown-option` or `invalid-option`
 */
export function resolveWorkerOptions(options: WorkerOptions, defaultQueue: string): ResolvedWorkerOptions {
  refuseUnknownKeys(options, KNOWN, 'createWorker');
  const pool = requireOneOf(options.pool ?? 'thread', 'pool', ['thread', 'process', 'async'] as const);
  const tasks = (options.tasks ?? []).map(String);
  if (pool !== 'async' && tasks.length === 0) {
    throw new TqError(
      'invalid-option',
      `tasks: expected the modules that define the tasks, which the children of a ${pool} pool import, found none. ` +
        "Pass tasks: [new URL('./tasks.js', import.meta.url)], or pool: 'async'.",
    );
  }
  return {
    tasks,
    pool,
    queues: resolveQueues(options.queues ?? [defaultQueue]),
    concurrency: requireInteger(options.concurrency ?? 4, 'concurrency', MAX_SLOTS),
    prefetchMultiplier: requireInteger(options.prefetchMultiplier ?? 1, 'prefetchMultiplier', { min: 1, max: 100 }),
    shutdownTimeout: requireInteger(options.shutdownTimeout ?? 25_000, 'shutdownTimeout (ms)', MAX_MS),
    abortGrace: requireInteger(options.abortGrace ?? 2_000, 'abortGrace (ms)', MAX_MS),
    ...resolveLimits(options, pool),
    hostname: options.hostname ?? `tq@${hostname()}`,
    lostLimit: requireInteger(options.lostLimit ?? 3, 'lostLimit', { min: 1, max: 100 }),
    // The broker's own limit is 30; the worker gives up before it, since a dead letter of the broker's answers nobody.
    deliveryLimit: requireInteger(options.deliveryLimit ?? 20, 'deliveryLimit', { min: 1, max: 29 }),
    summaryInterval: requireInteger(options.summaryInterval ?? 60_000, 'summaryInterval (ms)', { ...MAX_MS, min: 1 }),
  };
}

/** What only ends children is refused where there are none, rather than ignored. */
function resolveLimits(options: WorkerOptions, pool: Pool['kind']) {
  checkTimeLimits(options, '');
  const { timeLimit, softTimeLimit, maxTasksPerChild, maxMemoryPerChild, blockedLoopLimit } = options;
  for (const [name, value] of Object.entries({ timeLimit, maxTasksPerChild, maxMemoryPerChild })) {
    if (value === undefined) continue;
    requireInteger(value, name, { min: 1, max: Number.MAX_SAFE_INTEGER });
    if (pool === 'async') throw new TqError('invalid-option', `${name}: ${ASYNC_CANNOT[name]}`);
  }
  if (blockedLoopLimit !== undefined) requireInteger(blockedLoopLimit, 'blockedLoopLimit (ms)', MAX_MS);
  return { timeLimit, softTimeLimit, maxTasksPerChild, maxMemoryPerChild, blockedLoopLimit };
}

const RECYCLES_NONE =
  'expected a thread or process pool, whose children can be replaced, found pool async, which has none.';
const ASYNC_CANNOT: Readonly<Record<string, string>> = {
  timeLimit:
    'expected a thread or process pool, found pool async, which cannot end a task. Use pool thread or process, or softTimeLimit.',
  maxTasksPerChild: RECYCLES_NONE,
  maxMemoryPerChild: RECYCLES_NONE,
};

function resolveQueues(queues: NonNullable<WorkerOptions['queues']>): readonly QueueShare[] {
  const entries = Array.isArray(queues) ? queues.map((name) => [name, undefined] as const) : Object.entries(queues);
  const twice = entries.find(([name], index) => entries.findIndex(([other]) => other === name) < index);
  if (twice !== undefined) {
    throw new TqError('invalid-option', `queues: expected each queue once, found '${twice[0]}' twice.`);
  }
  if (entries.length === 0) throw new TqError('invalid-option', 'queues: expected at least one queue, found none.');
  return entries.map(([name, slots]) => {
    if (typeof name !== 'string' || name === '')
      throw new TqError('invalid-option', 'queues: expected names, found an empty one.');
    return {
      name,
      slots: slots === undefined ? undefined : requireInteger(slots, `queues: slots of '${name}'`, MAX_SLOTS),
    };
  });
}
