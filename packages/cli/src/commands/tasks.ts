import type { ListedTask } from '@tq/worker/internal';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { flagsOf } from '../config/flags.js';
import { TQ_OPTIONS } from '../config/options.js';
import { EXIT } from '../exit-codes.js';
import { loadTasks } from '../open-app.js';
import type { Output } from '../output.js';

/** `tq tasks`: what a worker on the same task file would run. */
export const tasks: Command = {
  details:
    'Loads the task file as a worker does, connects to nothing, and prints a line for each task: its name and queue, ' +
    'or what a route says instead.',
  options: {
    ...flagsOf({ app: TQ_OPTIONS.app }),
    json: { kind: 'flag', describe: 'Print [{"name", "queue", "route"}, …]' },
  },
  examples: [
    ['tasks', 'List the tasks of tasks.ts or src/tasks.ts'],
    ['tasks --app lib/jobs.ts#app --json', 'List those of another file, as JSON'],
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const found = await loadTasks(args);
  output.print(output.json ? JSON.stringify(found.tasks) : columns(found.tasks));
  return EXIT.ok;
}

function columns(list: readonly ListedTask[]): string {
  const width = Math.max(...list.map(({ name }) => name.length));
  return list.map(({ name, queue, route }) => `${name.padEnd(width)}  ${queue ?? route ?? ''}`.trimEnd()).join('\n');
}
