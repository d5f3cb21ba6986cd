import type { WorkflowTree } from '@tq/core';
import { assertNever, hasEnded } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { noteLogger } from '../note-logger.js';
import { APP_OPTION, openApp } from '../open-app.js';
import type { Output } from '../output.js';
import { durationOf, intervalOf } from '../queues/options.js';
import { show } from '../queues/watch.js';
import { UsageError } from '../usage.js';
import { askWorkflow } from '../workflow/ask.js';
import { drawMermaid } from '../workflow/draw-mermaid.js';
import { drawText } from '../workflow/draw-text.js';

const FORMATS = ['text', 'json', 'mermaid'] as const;
type Format = (typeof FORMATS)[number];

const TIMEOUT_MS = 5_000;
/** Members of a group that are drawn unless all are wanted. */
const MEMBERS = 20;

/** `tq workflow`: how far a chain, a group or a chord is, as the program that sent it knows. */
export const workflow: Command = {
  details:
    'The states are those that replies have told the program that sent the workflow, so it has to run still, and the ' +
    'workflow to be among the last that it has sent (TQ_WORKFLOW_PARTS). ID is that of any task, group or chord in it.',
  options: {
    ...APP_OPTION,
    timeout: { kind: 'text', describe: 'How long to wait for an answer: 500ms, 10s, 5m. Default: 5s' },
    format: {
      kind: 'text',
      choices: FORMATS,
      describe: 'Text, one line of JSON, or a flow chart of Mermaid. Default: text',
    },
    json: { kind: 'flag', describe: 'The same as --format json, and errors as {"error"}' },
    all: { kind: 'flag', describe: `Draw all members of a group, not ${MEMBERS}; JSON always has them` },
    watch: { kind: 'flag', describe: 'Look again and again until all has ended, or Ctrl-C' },
    interval: { kind: 'text', describe: 'Between two looks of --watch: 500ms, 10s, 5m. Default: 2s' },
  },
  examples: [
    ['workflow 0198c0de-4c1a-7d3e-9f00-5b6d2f1e8a77', 'Draw the workflow that has a task of this id'],
    ['workflow 0198c0de-4c1a-7d3e-9f00-5b6d2f1e8a77 --watch', 'Again and again until it has ended'],
    ['workflow 0198c0de-4c1a-7d3e-9f00-5b6d2f1e8a77 --format mermaid > flow.mmd', 'As a flow chart'],
  ],
  positionals: { min: 1, max: 1 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const [id = ''] = args.positionals;
  const [format, intervalMs] = [formatOf(args, output), intervalOf(args)];
  const timeout = durationOf(args, 'timeout', 1) ?? TIMEOUT_MS;
  const limit = args.flag('all') ? Number.POSITIVE_INFINITY : MEMBERS;
  const { app } = await openApp(args, noteLogger(output));
  try {
    return await show(output, intervalMs, async () => {
      const tree = await askWorkflow(app, id, timeout);
      return { text: draw(tree, format, limit), isLast: hasEnded(tree) };
    });
  } finally {
    await app.close();
  }
}

function draw(tree: WorkflowTree, format: Format, limit: number): string {
  switch (format) {
    case 'text':
      return drawText(tree, limit);
    case 'json':
      return JSON.stringify(tree);
    case 'mermaid':
      return drawMermaid(tree, limit);
    default:
      return assertNever(format);
  }
}

function formatOf(args: Arguments, output: Output): Format {
  const format = FORMATS.find((one) => one === args.text('format'));
  if (!output.json) return format ?? 'text';
  if (format === undefined || format === 'json') return 'json';
  throw new UsageError(`--json: expected no --format ${format} beside it, found both.`, args.command);
}
