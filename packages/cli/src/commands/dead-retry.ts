import type { App, DeadLetterFilter, DeadLetterProgress, DeadLetterRetryReport } from '@tq/core';
import { isSharedName } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { type EditingOptions, editLetters } from '../dead/edit-letters.js';
import { editorOf } from '../dead/editor.js';
import { filterOf, isEverything } from '../dead/filter.js';
import { openDeadApp } from '../dead/open-app.js';
import { DEAD_OPTIONS, DRY_RUN_OPTION, rateOf } from '../dead/options.js';
import { ProgressBar } from '../dead/progress.js';
import { formatReport } from '../dead/report.js';
import { stoppable } from '../dead/stoppable.js';
import { printSurvey } from '../dead/survey.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { confirmed, requireConsent } from '../queues/confirm.js';
import { formatCount } from '../queues/format.js';
import { timeoutOf, YES_OPTION } from '../queues/options.js';

/** `tq dead retry`: puts dead letters back into the queues that they died in. */
export const deadRetry: Command = {
  details:
    'Each message goes back to the queue that it died in, as on its first try, and leaves the dead letters in the same ' +
    'transaction: whenever this ends, killed or not, none is lost and none is there twice, and the same line does the ' +
    'rest. Only what is there at the start is moved, so that what fails again stays. Without a filter it asks first. ' +
    'Ctrl-C ends it after the present message.',
  options: {
    ...DEAD_OPTIONS,
    rate: { kind: 'text', describe: 'No faster than 50/s, 100/m, 1000/h. Default: as fast as the broker takes them' },
    edit: {
      kind: 'flag',
      describe: 'Change the arguments of each in $VISUAL or $EDITOR; unchanged: as they are, emptied: left where it is',
    },
    ...DRY_RUN_OPTION,
    ...YES_OPTION,
    json: {
      kind: 'flag',
      describe:
        'Print {"matched", "moved", "returned", "skipped", "aborted"}; with --dry-run [{"queue", "task", "reason", ' +
        '"messages"}, …]',
    },
  },
  examples: [
    ['dead retry --task mail.send --dry-run', 'How many there are'],
    ['dead retry --task mail.send --rate 50/s', 'Put them back, fifty a second'],
    ['dead retry --id 0198c0de-4c1a-7d3e-9f00-5b6d2f1e8a77 --edit', 'Mend the arguments of one, and put it back'],
    ['dead retry --yes', 'Put everything back'],
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const filter = filterOf(args);
  const rate = rateOf(args);
  const timeout = timeoutOf(args);
  const editor = args.flag('edit') ? editorOf(process.env, args.command) : undefined;
  const isDry = args.flag('dry-run');
  const asks = isEverything(filter) && editor === undefined && !isDry;
  if (asks) requireConsent(args);
  const app = await openDeadApp(args, output, filter);
  try {
    if (isDry) return await printSurvey(app.deadLetters.list(filter, { timeout }), output);
    if (editor !== undefined) {
      return await stoppable(output, (signal) => editAll(app, { filter, timeout, signal, editor, output }));
    }
    const { matched } = await app.deadLetters.retry(filter, { timeout, dryRun: true });
    if (asks && matched > 0 && !(await confirmed(`Retry ${formatCount(matched)} of all queues?`, args))) {
      output.note('nothing was changed.');
      return EXIT.failed;
    }
    return await stoppable(output, (signal) =>
      retryAll(app, filter, { rate, timeout, signal, total: matched, output }),
    );
  } finally {
    await app.close();
  }
}

/** A person may leave letters where they are; arguments that will not do are a failure. */
async function editAll(app: App, options: EditingOptions): Promise<number> {
  const { refused, ...report } = await editLetters(app, options);
  return tell(report, report.returned + refused > 0, options.output);
}

interface Replay {
  readonly rate: number | undefined;
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** As counted before. */
  readonly total: number;
  readonly output: Output;
}

async function retryAll(app: App, filter: DeadLetterFilter, replay: Replay): Promise<number> {
  const { rate, timeout, signal, total, output } = replay;
  const bar = new ProgressBar({ output, verb: 'retried' });
  let last: DeadLetterProgress | undefined;
  let everyones = 0;
  const onProgress = (progress: DeadLetterProgress) => {
    const { matched, moved, returned, skipped } = progress;
    if (skipped > (last?.skipped ?? 0) && isSharedName('', progress.queue)) everyones++;
    last = progress;
    bar.update({ done: moved + returned + skipped, total: Math.max(total, matched) });
  };
  try {
    const report = await app.deadLetters.retry(filter, { rate, timeout, signal, onProgress });
    if (everyones > 0)
      output.note(
        `${formatCount(everyones)} came to every worker, so there is no queue to put it back to: publish again.`,
      );
    return tell(report, report.returned + report.skipped > 0, output);
  } catch (error) {
    output.note(`${formatCount(last?.moved ?? 0)} retried before this went wrong; the same line does the rest.`);
    throw error;
  }
}

function tell(report: DeadLetterRetryReport, hasFailed: boolean, output: Output): number {
  output.print(output.json ? JSON.stringify(report) : formatReport(report));
  return hasFailed ? EXIT.failed : EXIT.ok;
}
