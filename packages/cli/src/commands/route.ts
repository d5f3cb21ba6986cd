import {
  type App,
  internalsOf,
  printRoutes,
  type RouteExplanation,
  type RouteStep,
  TqError,
  traceOptions,
} from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import { formatColumns } from '../columns.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { noteLogger } from '../note-logger.js';
import { APP_OPTION, openApp } from '../open-app.js';
import type { Output } from '../output.js';
import { UsageError } from '../usage.js';

/** `tq route`: where a call of a task would go, and why. */
export const route: Command = {
  details:
    'Decides as a call does and sends nothing; connects to nothing. What the call says comes before what the task says, ' +
    "that before the app's routes, and those before its queue. A task that is not in the task file is routed by its name.",
  options: {
    ...APP_OPTION,
    args: {
      kind: 'text',
      describe: "The call's arguments as a JSON list, for functions among the routes. Default: []",
    },
    queue: { kind: 'text', complete: 'task-queue', describe: 'The queue that the call names. Default: none' },
    exchange: { kind: 'text', describe: 'The exchange that the call names. Default: none' },
    'routing-key': { kind: 'text', describe: 'Its routing key. Default: none' },
    priority: { kind: 'text', describe: 'Its priority, 0 to 255. Default: none' },
    explain: { kind: 'flag', describe: 'Show what was looked at, what held, and why' },
    json: {
      kind: 'flag',
      describe: 'Print {"task", "queue", "exchange", "routingKey", "priority"}, with --explain {"origin", "steps"} too',
    },
  },
  examples: [
    ['route mail.send', 'Where a call of mail.send goes'],
    ['route mail.send --explain', 'The same, with every step to it'],
    ['route report --args \'[{"year":2026}]\' --explain', 'With arguments, which a function may decide by'],
    ['route report --queue math --json', 'What a call comes to that names a queue, as JSON'],
  ],
  positionals: { min: 1, max: 1, complete: 'task' },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const [task = ''] = args.positionals;
  const values = valuesOf(args);
  const { app, tasks } = await openApp(args, noteLogger(output));
  const call = {
    queue: args.text('queue'),
    exchange: args.text('exchange'),
    routingKey: args.text('routing-key'),
    priority: args.integer('priority'),
  };
  const found = app.explainRoute(task, values, call);
  if (tasks.length > 0 && !tasks.some(({ name }) => name === task)) {
    output.note(`the task file has no task '${task}': routed by its name alone.`);
  }
  if (args.flag('explain')) explain(found, originOf(app), output);
  else if (found.error === undefined) output.print(output.json ? JSON.stringify(bare(found)) : placeOf(found));
  if (found.error !== undefined) throw new TqError('route-failed', found.error, { fields: { task } });
  return EXIT.ok;
}

function valuesOf(args: Arguments): readonly unknown[] {
  const text = args.text('args');
  if (text === undefined) return [];
  const found = parse(text);
  if (Array.isArray(found)) return found;
  throw new UsageError(`--args: expected a list in JSON, such as '[30, "text"]', found '${text}'.`, args.command);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where the routes are written; null where there are none. */
function originOf(app: App): string | null {
  const { routes } = internalsOf(app).options;
  if (routes === undefined) return null;
  const { values, sources } = traceOptions({}, process.env);
  const isSame = printRoutes(routes) !== '' && printRoutes(routes) === printRoutes(values.routes);
  return isSame && 'name' in sources.routes ? sources.routes.name : 'createApp';
}

function explain(found: RouteExplanation, origin: string | null, output: Output): void {
  const { error, steps } = found;
  if (output.json) {
    output.print(JSON.stringify({ ...bare(found), error, origin, steps }));
    return;
  }
  const head = error === undefined ? `${found.task} goes to the ${placeOf(found)}` : `${found.task} goes nowhere`;
  const columns = [{ title: 'WHO' }, { title: 'SAYS' }, { title: 'TAKEN' }, { title: 'WHY' }];
  const rows = steps.filter(({ fits }) => fits).map(rowOf);
  const others = steps.length - rows.length;
  const from = origin === null ? 'The app has no routes.' : `The routes are those of ${origin}.`;
  const passed = others === 0 ? '' : ` ${others} more ${others === 1 ? 'is' : 'are'} for other tasks.`;
  output.print([`${head}.`, '', formatColumns(columns, rows), '', from + passed].join('\n'));
}

const WHO = { call: 'the call', task: 'the task', default: "the app's queue" } as const;

function rowOf({ source, route, says, taken, why }: RouteStep): readonly string[] {
  const who = source === 'route' ? `route ${route}` : WHO[source];
  const { queue, exchange, routingKey, priority } = says ?? {};
  const parts = [
    ...(queue === undefined ? [] : [`queue ${queue}`]),
    ...(exchange === undefined ? [] : [`exchange ${exchange}`]),
    ...(routingKey === undefined ? [] : [`key ${routingKey}`]),
    ...(priority === undefined ? [] : [`priority ${priority}`]),
  ];
  return [
    who,
    parts.join(', ') || '-',
    taken.map((key) => (key === 'routingKey' ? 'key' : key)).join(', ') || '-',
    why ?? '',
  ];
}

function placeOf({ queue, exchange, routingKey, priority }: RouteExplanation): string {
  const place = exchange === undefined ? `queue ${queue}` : `exchange ${exchange}, key ${routingKey || '(empty)'}`;
  return priority === undefined ? place : `${place}, priority ${priority}`;
}

function bare({ task, queue, exchange, routingKey, priority }: RouteExplanation) {
  return { task, queue, exchange, routingKey, priority };
}
