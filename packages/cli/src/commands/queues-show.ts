import { deadLetterQueue, delayDeadQueue, internalsOf } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { noteLogger } from '../note-logger.js';
import type { Output } from '../output.js';
import { formatDetails, type QueueDetails } from '../queues/format.js';
import { missingQueue } from '../queues/known-queue.js';
import { lookAt } from '../queues/look.js';
import { fetchQueues, type ManagementTarget } from '../queues/management.js';
import { openQueuesApp, type QueuesApp } from '../queues/open-app.js';
import { APP_OPTIONS, intervalOf, LOOK_OPTIONS, managementOf, timeoutOf } from '../queues/options.js';
import { show } from '../queues/watch.js';

/** `tq queues show`: all that is known of one queue. */
export const queuesShow: Command = {
  details:
    'Counts, consumers, the tasks whose calls go there and its dead letters. What is unacknowledged, its type and its ' +
    "arguments come from RabbitMQ's management API where it is given; else the arguments are those that the app declares.",
  options: {
    ...APP_OPTIONS,
    ...LOOK_OPTIONS,
    json: {
      kind: 'flag',
      describe: 'Print the facts of a list and {"queue", "tasks", "dead", "arguments", "declares"}',
    },
  },
  examples: [
    ['queues show mail', 'What is in the queue mail'],
    ['queues show mail.dead --json', 'What is in the queue of its dead letters, as JSON'],
    ['queues show mail --watch', 'Again and again'],
  ],
  positionals: { min: 1, max: 1, complete: 'queue' },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const intervalMs = intervalOf(args);
  const opened = await openQueuesApp(args, noteLogger(output));
  try {
    const management = managementOf(args, opened.app);
    return await show(output, intervalMs, async () => {
      const details = await describe(opened, args, management);
      return { text: output.json ? JSON.stringify(details) : formatDetails(details) };
    });
  } finally {
    await opened.app.close();
  }
}

async function describe(
  { app, queues, tasksOf }: QueuesApp,
  args: Arguments,
  management: ManagementTarget | undefined,
): Promise<QueueDetails> {
  const [name = ''] = args.positionals;
  const { options, topologyOf } = declarationsOf(app);
  const queue = options.prefix + name;
  const managed = management === undefined ? [] : await fetchQueues(management);
  const names = isDead(name) ? [name] : [name, deadLetterQueue(name)];
  const [facts, dead = null] = await lookAt(app, names, { timeout: timeoutOf(args), managed });
  if (facts === undefined || facts.state === 'missing') throw missingQueue(name, queues);
  const declared = queues.includes(name) ? topologyOf(options.prefix + declaredWith(name, options.queue)) : undefined;
  return {
    ...facts,
    queue,
    tasks: tasksOf(name),
    dead,
    arguments: managed.find((one) => one.name === queue)?.arguments ?? null,
    declares: declared?.queues.find((one) => one.name === queue && one.passive !== true)?.arguments ?? null,
  };
}

const DEAD = deadLetterQueue('');

function isDead(name: string): boolean {
  return name.endsWith(DEAD);
}

/** The task queue that a queue is declared with: a dead-letter queue with its own, that of the delays with every one. */
function declaredWith(name: string, anyQueue: string): string {
  if (name === delayDeadQueue('')) return anyQueue;
  return isDead(name) ? name.slice(0, -DEAD.length) : name;
}

function declarationsOf(app: QueuesApp['app']) {
  const internals = internalsOf(app);
  return { options: internals.options, topologyOf: (queue: string) => internals.topologyOf(queue) };
}
