import type { DeadLetter } from '@tq/core';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { filterOf, isEverything } from '../dead/filter.js';
import { formatLetters, toJson } from '../dead/format.js';
import { openDeadApp } from '../dead/open-app.js';
import { DEAD_OPTIONS } from '../dead/options.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { timeoutOf } from '../queues/options.js';

/** Letters that are listed unless --limit says otherwise. */
const LIMIT = 100;

/** `tq dead list`: the dead letters of an app. */
export const deadList: Command = {
  details:
    'A line each, queue by queue, the oldest first. Looking changes neither the messages nor their order; for that moment ' +
    'nobody else may look at the same queue, and waits.',
  options: {
    ...DEAD_OPTIONS,
    limit: { kind: 'text', describe: `At most so many. Default: ${LIMIT}` },
    json: {
      kind: 'flag',
      describe:
        'Print [{"id", "queue", "deadQueue", "task", "reason", "error", "worker", "time", "attempt", "args", "size"}, …]',
    },
  },
  examples: [
    ['dead list', 'What there is'],
    ['dead list --queue mail --queue math --reason failed', 'Failures of two queues'],
    ["dead list --task 'mail.*' --error /timeout/i --newer-than 2h", 'Those of the last two hours that fit'],
    ['dead list --limit 100000 --json', 'All of them, as JSON'],
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const { limit = LIMIT, ...filter } = filterOf(args);
  const app = await openDeadApp(args, output, filter);
  try {
    // One more than is shown tells whether there are more.
    const letters = await collect(app.deadLetters.list({ ...filter, limit: limit + 1 }, { timeout: timeoutOf(args) }));
    const shown = letters.slice(0, limit);
    if (output.json) output.print(JSON.stringify(shown.map(toJson)));
    else if (shown.length > 0) output.print(formatLetters(shown, Date.now()));
    else output.note(`there are no dead letters${isEverything(filter) ? '' : ' that fit'}.`);
    if (letters.length > limit) output.note(`there are more than these ${limit}; --limit N shows more of them.`);
    return EXIT.ok;
  } finally {
    await app.close();
  }
}

async function collect(letters: AsyncIterable<DeadLetter>): Promise<readonly DeadLetter[]> {
  const all: DeadLetter[] = [];
  for await (const letter of letters) all.push(letter);
  return all;
}
