/** Migrates a queue of an app, which may want other arguments than its options can say. */
import { type App, type Headers, internalsOf } from '@tq/core/internal';
import type { OwnBroker } from '../../src/app-broker.js';
import { type MigrateHost, migrateQueue } from '../../src/topology/migrate.js';
import type { MigrateOptions, MigrationReport } from '../../src/topology/migrate-options.js';

export function migrate(app: App, queue: string, options?: MigrateOptions, own?: Headers): Promise<MigrationReport> {
  if (own === undefined) return app.topology.migrate(queue, options);
  const internals = internalsOf(app);
  const broker = internals.broker() as unknown as OwnBroker;
  const host: MigrateHost = {
    prefix: internals.options.prefix,
    clock: internals.runtime.clock,
    connect: () => broker.connectAnother('migration'),
    admin: () => broker.queues,
    declared: () => internals.declaredTopology(),
    topologyOf: (name) => {
      const topology = internals.topologyOf(name);
      const queues = topology.queues.map((one) => (one.name === name ? { ...one, arguments: own } : one));
      return { ...topology, queues };
    },
  };
  return migrateQueue(host, queue, options);
}
