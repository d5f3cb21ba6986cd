import type { TopologyReport } from '@tq/core';
import type { App } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { noteLogger } from '../note-logger.js';
import { openApp } from '../open-app.js';
import type { Output } from '../output.js';
import { count, formatDifferences } from '../topology/format.js';
import { APP_OPTIONS, timeoutOf } from '../topology/options.js';

/** `tq topology apply`: declares what is missing. */
export const topologyApply: Command = {
  details:
    'Declares the exchanges and queues that are missing, and binds all of them. What exists with other properties stays ' +
    'as it is and is shown, with what to do; then it ends with 1. Running it again does no harm.',
  options: {
    ...APP_OPTIONS,
    json: {
      kind: 'flag',
      describe: 'Print {"declared": [{"what", "name"}], "bound", "differences"}, the latter as tq topology diff does',
    },
  },
  examples: [
    ['topology apply', 'Declare what is missing, before the first worker starts'],
    ['topology apply --app lib/jobs.ts#app --json', 'That of another app, as JSON'],
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const { app } = await openApp(args, noteLogger(output));
  try {
    return await declareMissing(app, args, output);
  } finally {
    await app.close();
  }
}

async function declareMissing(app: App, args: Arguments, output: Output): Promise<number> {
  const report = await app.topology.apply({ timeout: timeoutOf(args) });
  if (output.json) output.print(JSON.stringify(report));
  else show(report, output);
  return report.differences.length === 0 ? EXIT.ok : EXIT.failed;
}

function show({ declared, bound, differences }: TopologyReport, output: Output): void {
  for (const { what, name } of declared) output.print(`${what} ${name}: declared`);
  if (differences.length > 0) output.print(formatDifferences(differences));
  const left = differences.length === 0 ? '' : `; ${count(differences.length, 'difference')} left`;
  output.note(`${count(declared.length, 'thing')} declared, ${count(bound, 'binding')} made sure of${left}.`);
}
