import { TqError } from '../errors.js';
import { refuseUnknownKeys, requireInteger } from '../options-check.js';
import type { KnownBinding } from './difference.js';

/** Options of declaring a queue anew with its messages. */
export interface MigrateOptions {
  /**
   * Nobody has consumed the queue for so long before anything is moved, ms, 0 to 2,147,483,647: a worker that stops holds
   * messages for a while after its consumer has gone, which nobody else sees, and which are lost if they are given back
   * when the queue is gone. Default: 30,000, longer than a worker's `shutdownTimeout`.
   */
  readonly settle?: number | undefined;
  /**
   * Nothing has come to the queue for so long, when what exchanges bring is led past it, before it is deleted, ms, 0 to
   * 2,147,483,647: what is published straight to a queue while RabbitMQ deletes it is confirmed and lost. Default: 2,000.
   */
  readonly quiet?: number | undefined;
  /** How long to wait for both, ms, 0 to 2,147,483,647. Default: 120,000. */
  readonly wait?: number | undefined;
  /**
   * Goes on while workers consume the queue: they settle what they hold and consume the new queue. What one holds that stops
   * or dies before is lost, and so may be what is published straight to the queue meanwhile. Quorum queues are refused all
   * the same, since RabbitMQ may cut the connections of their consumers. Default: false.
   */
  readonly evenInUse?: boolean | undefined;
  /**
   * The broker's bindings, as RabbitMQ's management API has them: those of the queue that the app does not declare are kept
   * too, which the broker forgets with the queue. Default: the app's are kept.
   */
  readonly bindings?: readonly KnownBinding[] | undefined;
  /** For the connection, for another migration of the queue, and for a broker that says nothing, ms. Default: 10,000. */
  readonly timeout?: number | undefined;
  /** Ends it, when it is aborted, after what is in hand; another run goes on. */
  readonly signal?: AbortSignal | undefined;
  /** Told of every step, and of messages as they are moved. An error that it throws ends the migration. */
  readonly onProgress?: ((progress: MigrationProgress) => void) | undefined;
}

/**
 * How far a migration is.
 *
 *   waiting    for the workers of the queue to leave
 *   moving     its messages to the queue that holds them
 *   quieting   until nothing comes straight to the queue
 *   returning  the messages to the new queue, or to the old one where that has to stay
 *   done
 */
export type MigrationStage = 'waiting' | 'moving' | 'quieting' | 'returning' | 'done';

/** Where a migration is, and what was moved in this run. */
export interface MigrationProgress {
  /** What it is doing. */
  readonly stage: MigrationStage;
  /** Messages taken out of the old queue. */
  readonly moved: number;
  /** Messages put into the queue again. */
  readonly returned: number;
}

/** What came of a migration. */
export interface MigrationReport {
  /** Without the app's prefix. */
  readonly queue: string;
  /** `unchanged`: it was as the app declares it, and nothing was left of another run. `aborted`: another run goes on. */
  readonly outcome: 'migrated' | 'unchanged' | 'aborted';
  /** Messages that this run took out of the old queue. */
  readonly moved: number;
  /** Messages that this run put into the new one, those that an earlier run had taken out among them. */
  readonly returned: number;
  /** Messages that came to a quorum queue while it was deleted and went with it: see `quiet`. */
  readonly lost: number;
}

/** The same, resolved. */
export interface ResolvedMigrateOptions {
  readonly settleMs: number;
  readonly quietMs: number;
  readonly waitMs: number;
  readonly evenInUse: boolean;
  readonly bindings: readonly KnownBinding[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: MigrationProgress) => void) | undefined;
}

const MAX_MS = 2_147_483_647;
const SETTLE_MS = 30_000;
const QUIET_MS = 2_000;
const WAIT_MS = 120_000;
const TIMEOUT_MS = 10_000;

const KEYS = [
  'settle',
  'quiet',
  'wait',
  'evenInUse',
  'bindings',
  'timeout',
  'signal',
  'onProgress',
] as const satisfies readonly (keyof MigrateOptions)[];

/** @throws {TqError} `invalid-option`, `unknown-option` */
export function resolveMigrateOptions(options: MigrateOptions): ResolvedMigrateOptions {
  refuseUnknownKeys(options, KEYS, 'topology.migrate');
  const ms = (name: string, value: number, min: number) =>
    requireInteger(value, `migrate: ${name} (ms)`, { min, max: MAX_MS });
  const settleMs = ms('settle', options.settle ?? SETTLE_MS, 0);
  const quietMs = ms('quiet', options.quiet ?? QUIET_MS, 0);
  const waitMs = ms('wait', options.wait ?? Math.max(WAIT_MS, 2 * settleMs), 0);
  if (waitMs < settleMs || waitMs < quietMs) {
    const text = `migrate: wait: expected at least settle (${settleMs} ms) and quiet (${quietMs} ms), found ${waitMs}.`;
    throw new TqError('invalid-option', text);
  }
  return {
    settleMs,
    quietMs,
    waitMs,
    evenInUse: options.evenInUse ?? false,
    bindings: options.bindings ?? [],
    timeoutMs: ms('timeout', options.timeout ?? TIMEOUT_MS, 1),
    signal: options.signal,
    onProgress: options.onProgress,
  };
}
