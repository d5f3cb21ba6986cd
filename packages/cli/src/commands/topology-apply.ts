import type { MigrationReport, TopologyReport } from '@tq/core';
import type { App } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { stoppable } from '../dead/stoppable.js';
import { EXIT } from '../exit-codes.js';
import { noteLogger } from '../note-logger.js';
import { openApp } from '../open-app.js';
import type { Output } from '../output.js';
import { count, formatDifferences } from '../topology/format.js';
import { MIGRATE_OPTIONS, migrateQueues, queuesToMigrate } from '../topology/migrate.js';
import { APP_OPTIONS, timeoutOf } from '../topology/options.js';

/** `tq topology apply`: declares what is missing. */
export const topologyApply: Command = {
  details:
    'Declares the exchanges and queues that are missing, and binds all of them. What exists with other properties stays ' +
    'as it is and is shown, with what to do; then it ends with 1. Running it again does no harm. --migrate QUEUE declares ' +
    'a queue anew that exists with other properties, and keeps its messages: stop its workers first. Ctrl-C ends that ' +
    'after the present messages, and whenever it ends, killed or not, the same line goes on.',
  options: {
    ...APP_OPTIONS,
    ...MIGRATE_OPTIONS,
    json: {
      kind: 'flag',
      describe:
        'Print {"declared": [{"what", "name"}], "bound", "differences"}, the latter as tq topology diff does; with ' +
        '--migrate "migrated": [{"queue", "outcome", "moved", "returned", "lost"}] too',
    },
  },
  examples: [
    ['topology apply', 'Declare what is missing, before the first worker starts'],
    ['topology apply --app lib/jobs.ts#app --json', 'That of another app, as JSON'],
    ['topology apply --migrate mail', 'Move what is in mail to a queue with the properties that the app has for it'],
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const queues = queuesToMigrate(args);
  const { app } = await openApp(args, noteLogger(output));
  try {
    if (queues.length === 0) return await declareMissing(app, { args, output });
    return await stoppable(output, (signal) => migrateFirst(app, queues, { args, output, signal }));
  } finally {
    await app.close();
  }
}

interface Context {
  readonly args: Arguments;
  readonly output: Output;
  /** What was done before. */
  readonly migrated?: readonly MigrationReport[];
}

async function migrateFirst(
  app: App,
  queues: readonly string[],
  context: Context & { readonly signal: AbortSignal },
): Promise<number> {
  const migrated = await migrateQueues(app, queues, context);
  if (!context.signal.aborted) return declareMissing(app, { ...context, migrated });
  if (context.output.json) context.output.print(JSON.stringify({ migrated }));
  return EXIT.failed;
}

async function declareMissing(app: App, { args, output, migrated }: Context): Promise<number> {
  const report = await app.topology.apply({ timeout: timeoutOf(args) });
  if (output.json) output.print(JSON.stringify(migrated === undefined ? report : { ...report, migrated }));
  else show(report, output);
  return report.differences.length === 0 ? EXIT.ok : EXIT.failed;
}

function show({ declared, bound, differences }: TopologyReport, output: Output): void {
  for (const { what, name } of declared) output.print(`${what} ${name}: declared`);
  if (differences.length > 0) output.print(formatDifferences(differences));
  const left = differences.length === 0 ? '' : `; ${count(differences.length, 'difference')} left`;
  output.note(`${count(declared.length, 'thing')} declared, ${count(bound, 'binding')} made sure of${left}.`);
}
