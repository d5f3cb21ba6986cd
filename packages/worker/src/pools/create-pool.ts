import type { ResourceLimits } from 'node:worker_threads';
import { assertNever, type Runtime, systemClock, TqError } from '@tq/core/internal';
import { AsyncPool } from './async-pool.js';
import { ChildPool } from './child-pool.js';
import type { Spawn } from './child-slot.js';
import type { Pool, PoolServices } from './pool.js';
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
  /** Limits of a thread's heap; Node's own by default. */
  readonly resourceLimits?: ResourceLimits | undefined;
}

const START_TIMEOUT_MS = 60_000;

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
      return new AsyncPool({ slots, modules, services, clock });
    case 'thread': {
      const startTimeoutMs = options.startTimeoutMs ?? START_TIMEOUT_MS;
      return new ChildPool({ kind, slots, spawn: createSpawn(kind, options), services, clock, random, startTimeoutMs });
    }
    default:
      return assertNever(kind);
  }
}

function createSpawn(kind: 'thread', { modules, services, resourceLimits }: PoolOptions): Spawn {
  if (modules.length === 0) {
    throw new TqError(
      'invalid-option',
      `Expected the task modules that the children of a ${kind} pool import, found none; ` +
        'name them (tasks: [import.meta.url]) or use pool async.',
    );
  }
  return createThreadSpawn(modules, services.childEnv, resourceLimits);
}
