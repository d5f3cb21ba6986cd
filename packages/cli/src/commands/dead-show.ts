import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { filterOf, QUEUE_OPTION } from '../dead/filter.js';
import { formatLetter, toFullJson } from '../dead/format.js';
import { DeadLetterMissingError } from '../dead/missing.js';
import { openDeadApp } from '../dead/open-app.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { APP_OPTIONS, timeoutOf } from '../queues/options.js';

/** `tq dead show`: all that is known of one dead letter. */
export const deadShow: Command = {
  details:
    'The message with its arguments, why and when it died, and the errors of its earlier tries. Long texts are cut; ' +
    'tq dead export --id ID has the whole message.',
  options: {
    ...APP_OPTIONS,
    ...QUEUE_OPTION,
    json: {
      kind: 'flag',
      describe: 'Print what a list has of it, the arguments whole, and {"kwargs", "errors", "headers"}',
    },
  },
  examples: [['dead show 0198c0de-4c1a-7d3e-9f00-5b6d2f1e8a77', 'The one with this id']],
  positionals: { min: 1, max: 1 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const [id = ''] = args.positionals;
  const filter = filterOf(args);
  const app = await openDeadApp(args, output, filter);
  try {
    const letter = await app.deadLetters.show(id, filter, { timeout: timeoutOf(args) });
    if (letter === undefined) throw new DeadLetterMissingError(id);
    output.print(output.json ? JSON.stringify(toFullJson(letter)) : formatLetter(letter, Date.now()));
    return EXIT.ok;
  } finally {
    await app.close();
  }
}
