import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { noteLogger } from '../note-logger.js';
import { APP_OPTION, openApp } from '../open-app.js';
import type { Output } from '../output.js';
import { formatTopology } from '../topology/format.js';

/** `tq topology show`: what an app declares. */
export const topologyShow: Command = {
  details: 'Connects to nothing: this is what the app would declare, whatever its broker has.',
  options: {
    ...APP_OPTION,
    json: { kind: 'flag', describe: 'Print {"exchanges", "queues", "bindings"}' },
  },
  examples: [
    ['topology show', 'All that the app of the task file here declares'],
    ['topology show --app lib/jobs.ts#app --json', 'What another one declares, as JSON'],
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const { app } = await openApp(args, noteLogger(output));
  try {
    const declared = app.topology.declared();
    output.print(output.json ? JSON.stringify(declared) : formatTopology(declared));
    return EXIT.ok;
  } finally {
    await app.close();
  }
}
