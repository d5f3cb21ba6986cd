import type { Connection } from '../broker/connection.js';
import { hashOf } from '../broker/dead-queues.js';
import type { QueueAdmin } from '../broker/queue-admin.js';
import { QueueSession } from '../broker/queue-session.js';
import { type QueueSwap, swapIfEmpty } from '../broker/queue-swap.js';
import { migrationLock } from '../protocol/names.js';
import type { Clock } from '../time/clock.js';
import { type MigrateOptions, type MigrationReport, resolveMigrateOptions } from './migrate-options.js';
import { Migration } from './migration.js';
import { planMigration } from './migration-plan.js';
import { type MigrationSource, topologyToMigrate } from './migration-target.js';

/** What a migration needs of its app. */
export interface MigrateHost extends MigrationSource {
  readonly clock: Clock;
  /**
   * A connection for one thing.
   * @throws {TqError} `in-child`, `closed`, `invalid-option` where there is no broker
   */
  connect(): Connection;
  readonly admin: () => QueueAdmin;
}

/**
 * Declares a queue that exists with other properties anew, as the app has it, and keeps its messages. Whenever it ends, by
 * a signal, an error or SIGKILL, the same again goes on.
 * @param queue without the app's prefix
 * @throws {TqError} `queue-in-use` when it has consumers, when somebody publishes straight to it all the time, or when
 *   another migration of it is under way; `publish-nacked` when the new queue is full; `message-too-large`;
 *   `invalid-option` when the app declares no such queue or the broker does not take the declaration, `declaration-conflict` when something around it differs;
 *   `queue-unavailable`, `access-refused`, `queue-timeout`, `connection-lost`, `in-child`, `closed`, `invalid-option`,
 *   `unknown-option`
 */
export async function migrateQueue(
  host: MigrateHost,
  queue: string,
  options: MigrateOptions = {},
): Promise<MigrationReport> {
  const resolved = resolveMigrateOptions(options);
  const name = host.prefix + queue;
  const plan = planMigration(name, topologyToMigrate(host, name), resolved.bindings);
  const { clock } = host;
  const { timeoutMs } = resolved;
  const session = new QueueSession({ connection: host.connect(), clock, timeoutMs });
  const tools = {
    clock,
    session,
    swapIfEmpty: (swap: QueueSwap) => swapAlone(host, swap, timeoutMs),
    deleteIfEmpty: (hold: string) => host.admin().delete(hold, { ifEmpty: true, ifUnused: false }, timeoutMs),
  };
  try {
    const unlock = await session.lock(migrationLock(host.prefix, hashOf(name)), name);
    try {
      return { queue, ...(await new Migration(plan, resolved, tools).run()) };
    } finally {
      await unlock();
    }
  } finally {
    await session.close();
  }
}

async function swapAlone(host: MigrateHost, swap: QueueSwap, timeoutMs: number) {
  const session = new QueueSession({ connection: host.connect(), clock: host.clock, timeoutMs });
  try {
    return await session.use(swap.queue.name, (model) => swapIfEmpty(model, swap));
  } finally {
    await session.close();
  }
}
