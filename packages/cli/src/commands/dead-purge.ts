import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { filterOf } from '../dead/filter.js';
import { openDeadApp } from '../dead/open-app.js';
import { DEAD_OPTIONS, DRY_RUN_OPTION } from '../dead/options.js';
import { stoppable } from '../dead/stoppable.js';
import { printSurvey } from '../dead/survey.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { confirmed, requireConsent } from '../queues/confirm.js';
import { formatCount } from '../queues/format.js';
import { timeoutOf, YES_OPTION } from '../queues/options.js';

/** `tq dead purge`: throws dead letters away. */
export const deadPurge: Command = {
  details:
    'Counts first and asks, and then throws away what fits at that moment, those of one queue all at once. What does not ' +
    'fit stays, in its order. tq dead export keeps a copy.',
  options: {
    ...DEAD_OPTIONS,
    ...DRY_RUN_OPTION,
    ...YES_OPTION,
    json: { kind: 'flag', describe: 'Print {"matched", "purged", "aborted"}; with --dry-run as tq dead retry does' },
  },
  examples: [
    ['dead purge --reason expired', 'Ask, and throw away what has expired'],
    ['dead purge --older-than 7d --yes', 'What is older than a week, without asking'],
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const filter = filterOf(args);
  const timeout = timeoutOf(args);
  const isDry = args.flag('dry-run');
  if (!isDry) requireConsent(args);
  const app = await openDeadApp(args, output, filter);
  try {
    if (isDry) return await printSurvey(app.deadLetters.list(filter, { timeout }), output);
    const { matched } = await app.deadLetters.purge(filter, { timeout, dryRun: true });
    if (matched > 0 && !(await confirmed(`Purge ${formatCount(matched)}?`, args))) {
      output.note('nothing was changed.');
      return EXIT.failed;
    }
    return await stoppable(output, async (signal) => {
      const report = await app.deadLetters.purge(filter, { timeout, signal });
      output.print(output.json ? JSON.stringify(report) : `${formatCount(report.purged)} purged`);
      return EXIT.ok;
    });
  } finally {
    await app.close();
  }
}
