import type { MigrateOptions, MigrationProgress, MigrationReport, MigrationStage } from '@tq/core';
import type { App } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import type { OptionSpec } from '../command.js';
import type { Output } from '../output.js';
import { fetchBindings } from '../queues/management.js';
import { durationOf, LOOK_OPTIONS, managementOf } from '../queues/options.js';
import { UsageError } from '../usage.js';
import { count } from './format.js';

/** What `tq topology apply` takes to declare queues anew. */
export const MIGRATE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  migrate: {
    kind: 'text',
    many: true,
    complete: 'task-queue',
    describe: 'Declare this queue anew first, with its messages, if it has other properties; once more for another one',
  },
  settle: {
    kind: 'text',
    describe:
      'With --migrate: nobody has consumed it for so long: 0s, 10s, 5m. Default: 30s, as a worker may take to stop',
  },
  quiet: {
    kind: 'text',
    describe: 'With --migrate: nothing has come straight to it for so long when it is deleted: 0s, 10s. Default: 2s',
  },
  wait: { kind: 'text', describe: 'With --migrate: how long to wait for both: 30s, 5m. Default: 2m' },
  'even-in-use': {
    kind: 'flag',
    describe: 'With --migrate: go on while workers consume it; what one holds that stops or dies meanwhile is lost',
  },
  ...(LOOK_OPTIONS.management === undefined ? {} : { management: LOOK_OPTIONS.management }),
};

/** Options that mean nothing without it. */
const BESIDE = ['settle', 'quiet', 'wait'] as const;

/** Names of `--migrate`. @throws {UsageError} for options of it without it */
export function queuesToMigrate(args: Arguments): readonly string[] {
  const queues = [...new Set(args.texts('migrate'))];
  const lone = args.flag('even-in-use') ? 'even-in-use' : BESIDE.find((option) => args.text(option) !== undefined);
  if (queues.length === 0 && lone !== undefined) {
    throw new UsageError(`--${lone}: expected --migrate QUEUE beside it.`, args.command);
  }
  return queues;
}

/** Declares queues anew, one after the other, until it is stopped. */
export async function migrateQueues(
  app: App,
  queues: readonly string[],
  { args, output, signal }: { readonly args: Arguments; readonly output: Output; readonly signal: AbortSignal },
): Promise<readonly MigrationReport[]> {
  const reports: MigrationReport[] = [];
  const options = await optionsOf(app, args);
  for (const queue of queues) {
    const report = await app.topology.migrate(queue, { ...options, signal, onProgress: teller(queue, output) });
    reports.push(report);
    if (!output.json) output.print(`queue ${queue}: ${describe(report)}`);
    if (report.outcome === 'aborted') break;
  }
  return reports;
}

async function optionsOf(app: App, args: Arguments): Promise<MigrateOptions> {
  const management = managementOf(args, app);
  return {
    settle: durationOf(args, 'settle', 0),
    quiet: durationOf(args, 'quiet', 0),
    wait: durationOf(args, 'wait', 0),
    evenInUse: args.flag('even-in-use'),
    timeout: durationOf(args, 'timeout', 1),
    bindings: management === undefined ? undefined : await fetchBindings(management),
  };
}

const DOING: Readonly<Record<MigrationStage, string>> = {
  waiting: 'waiting until nobody has consumed it for a while',
  moving: 'moving its messages out of the way',
  quieting: 'waiting until nothing comes straight to it',
  returning: 'putting its messages back',
  done: 'done',
};

/** Says each stage once, and on a terminal how far it is. */
function teller(queue: string, output: Output): (progress: MigrationProgress) => void {
  let last: MigrationStage | undefined;
  return ({ stage, moved, returned }) => {
    if (output.json || stage === 'done') return;
    if (stage !== last) output.note(`${queue}: ${DOING[stage]}`);
    last = stage;
    if (output.interactive && moved + returned > 0) output.live(`${moved} moved, ${returned} put back`);
  };
}

function describe({ outcome, moved, returned, lost }: MigrationReport): string {
  if (outcome === 'unchanged') return 'has these properties already';
  const head = outcome === 'migrated' ? 'migrated' : 'stopped; the same line goes on';
  const loss = lost === 0 ? '' : `; ${count(lost, 'message')} came while it was deleted and went with it`;
  return `${head}, ${count(moved, 'message')} moved, ${returned} put back${loss}`;
}
