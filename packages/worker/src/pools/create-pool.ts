import { availableParallelism } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import { assertNever, type Runtime, systemClock, TqError } from '@tq/core/internal';
import { AsyncPool } from './async-pool.js';
import type { Spawn } from './child-life.js';
import { ChildPool } from './child-pool.js';
import type { Pool, PoolServices } from './pool.js';
import { createProcessSpawn } from './process-spawn.js';
import type { RecyclingLimits } from './recycling.js';
import { createThreadSpawn } from './thread-spawn.js';

/** Which pool, and what it is made of. */
export interface PoolOptions {
  readonly kind: Pool['kind'];
  /** Jobs at a time, a whole number from 1 on. */
  readonly slots: number;
  /** Task modules, file URLs or absolute paths. Children need at least one. */
  readonly modules: readonly string[];
  readonly services: PoolServices;
  /** The machine's own clock and randomness by default. */
  readonly runtime?: Pick<Runtime, 'clock' | 'random'> | undefined;
  /** How long a child may take to load the task modules, ms; 60,000 by default. */
  readonly startTimeoutMs?: number | undefined;
  /** Limits of a thread's heap; Node's own by default. Processes take `--max-old-space-size` instead. */
  readonly resourceLimits?: ResourceLimits | undefined;
  /** After what children are replaced; never by default. */
  readonly recycling?: RecyclingLimits | undefined;
  /** How long a task of an async pool may keep the loop before the log names it, ms; 0, the default, never looks. */
  readonly blockedLoopMs?: number | undefined;
  /** How long the slot-stop hooks of a recycled child may take, ms; 2,000 by default. */
  readonly graceMs?: number | undefined;
  /** The hard limit of runs whose call and task have none, ms; none by default. A pool with short limits keeps a spare child. */
  readonly timeLimitMs?: number | undefined;
}

const START_TIMEOUT_MS = 60_000;
const GRACE_MS = 2_000;
const NO_RECYCLING: RecyclingLimits = { maxTasks: undefined, maxMemoryBytes: undefined };

/**
 * Makes a pool; nothing runs before its `start()`.
 * @throws {TqError} `invalid-option`
 */
export function createPool(options: PoolOptions): Pool {
  const { kind, slots, modules, services, runtime } = options;
  if (!Number.isSafeInteger(slots) || slots < 1) {
    throw new TqError('invalid-option', `Expected a whole number of slots from 1 on, found ${slots}.`);
  }
  const { clock, random } = runtime ?? { clock: systemClock, random: Math.random };
  switch (kind) {
    case 'async':
      return new AsyncPool({ slots, modules, services, clock, random, blockedLoopMs: options.blockedLoopMs ?? 0 });
    case 'thread':
    case 'process': {
      const { startTimeoutMs = START_TIMEOUT_MS, recycling = NO_RECYCLING, graceMs = GRACE_MS } = options;
      const spawn = createSpawn(kind, options);
      return new ChildPool({
        ...{ kind, slots, spawn, services, clock, random, startTimeoutMs, recycling, graceMs },
        timeLimitMs: options.timeLimitMs,
        startsAtOnce: availableParallelism(),
      });
    }
    default:
      return assertNever(kind);
  }
}

function createSpawn(kind: 'thread' | 'process', { modules, services, resourceLimits }: PoolOptions): Spawn {
  if (modules.length === 0) {
    throw new TqError(
      'invalid-option',
      `Expected the task modules that the children of a ${kind} pool import, found none; ` +
        'name them (tasks: [import.meta.url]) or use pool async.',
    );
  }
  return kind === 'thread'
    ? createThreadSpawn(modules, services.childEnv, resourceLimits)
    : createProcessSpawn(modules, services);
}
