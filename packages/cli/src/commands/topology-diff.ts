import type { Topology, TopologyDiff } from '@tq/core';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { noteLogger } from '../note-logger.js';
import { openApp } from '../open-app.js';
import type { Output } from '../output.js';
import { fetchBindings } from '../queues/management.js';
import { LOOK_OPTIONS, managementOf } from '../queues/options.js';
import { count, formatDifferences, formatExtra } from '../topology/format.js';
import { APP_OPTIONS, timeoutOf } from '../topology/options.js';

/** `tq topology diff`: how the broker differs from what the app declares. */
export const topologyDiff: Command = {
  details:
    'Changes nothing. For each difference: what it is about, what the app declares, what the broker has, and what to do. ' +
    "Bindings cannot be seen over AMQP: they are compared where RabbitMQ's management API is given. " +
    'Ends with 1 when something is missing, different or not to be compared; bindings of others are shown and are no difference.',
  options: {
    ...APP_OPTIONS,
    ...(LOOK_OPTIONS.management === undefined ? {} : { management: LOOK_OPTIONS.management }),
    json: {
      kind: 'flag',
      describe:
        'Print {"same", "differences": [{"what", "name", "kind", "property", "wanted", "found", "fix"}], "bindings", "extra"}',
    },
  },
  examples: [
    ['topology diff', 'How the broker differs from what the app declares'],
    ['topology diff --management http://guest:guest@localhost:15672', 'Its bindings too'],
    ['topology diff --json > diff.json || echo "not deployed yet"', 'For scripts: it ends with 1 on a difference'],
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const { app } = await openApp(args, noteLogger(output));
  try {
    const management = managementOf(args, app);
    const bindings = management === undefined ? undefined : await fetchBindings(management);
    const diff = await app.topology.diff({ timeout: timeoutOf(args), bindings });
    if (output.json) output.print(JSON.stringify(diff));
    else show(diff, app.topology.declared(), output);
    return diff.same ? EXIT.ok : EXIT.failed;
  } finally {
    await app.close();
  }
}

function show({ same, differences, bindings, extra }: TopologyDiff, declared: Topology, output: Output): void {
  if (!same) output.print(formatDifferences(differences));
  if (extra.length > 0) output.print(formatExtra(extra));
  if (bindings === 'unknown' && declared.bindings.length > 0) {
    output.note(
      `${count(declared.bindings.length, 'binding')} were not compared: AMQP cannot show them. Give --management URL.`,
    );
  }
  const found = `${count(declared.exchanges.length, 'exchange')} and ${count(declared.queues.length, 'queue')}`;
  if (same) output.print(`The broker has what the app declares: ${found}.`);
  else output.note(`${count(differences.length, 'difference')} in ${found}.`);
}
