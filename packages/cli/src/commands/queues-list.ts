import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { noteLogger } from '../note-logger.js';
import type { Output } from '../output.js';
import { formatTable } from '../queues/format.js';
import { lookAt, type QueueFacts } from '../queues/look.js';
import { fetchQueues, type ManagementTarget } from '../queues/management.js';
import { openQueuesApp, type QueuesApp } from '../queues/open-app.js';
import { APP_OPTIONS, intervalOf, LOOK_OPTIONS, managementOf, timeoutOf } from '../queues/options.js';
import { show } from '../queues/watch.js';
import { UsageError } from '../usage.js';

/** `tq queues list`: the queues of an app, or of a virtual host. */
export const queuesList: Command = {
  details:
    "The app's queues are those that its tasks name, its default one and those of its options, each with the queue of " +
    'its dead letters, and tq.delay.dead, where delayed messages go whose queue is gone. AMQP tells what is ready and how many consume; what is unacknowledged, the type and the ' +
    "state in detail come from RabbitMQ's management API, where it is given, and may be some seconds old.",
  options: {
    ...APP_OPTIONS,
    all: { kind: 'flag', describe: 'Every queue of the virtual host, under its full name; needs the management API' },
    ...LOOK_OPTIONS,
    json: { kind: 'flag', describe: 'Print [{"name", "ready", "unacked", "consumers", "type", "state"}, …]' },
  },
  examples: [
    ['queues list', 'The queues of the app in tasks.ts, or of TQ_QUEUE'],
    ['queues list --watch --interval 500ms', 'Twice a second, drawn over itself on a terminal'],
    ['queues list --all --management http://guest:guest@localhost:15672', 'Every queue that RabbitMQ has'],
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const intervalMs = intervalOf(args);
  const opened = await openQueuesApp(args, noteLogger(output));
  try {
    const management = managementOf(args, opened.app);
    const look = args.flag('all') ? everyQueue(management, args) : () => queuesOfApp(opened, management, args);
    return await show(output, intervalMs, async () => {
      const facts = await look();
      return { text: output.json ? JSON.stringify(facts) : formatTable(facts) };
    });
  } finally {
    await opened.app.close();
  }
}

async function queuesOfApp(
  { app, queues }: QueuesApp,
  management: ManagementTarget | undefined,
  args: Arguments,
): Promise<readonly QueueFacts[]> {
  const managed = management === undefined ? [] : await fetchQueues(management);
  return lookAt(app, queues, { timeout: timeoutOf(args), managed });
}

function everyQueue(management: ManagementTarget | undefined, args: Arguments): () => Promise<readonly QueueFacts[]> {
  if (management === undefined) {
    const text = "--all: expected RabbitMQ's management API beside it: --management URL, or TQ_MANAGEMENT_URL.";
    throw new UsageError(text, args.command);
  }
  return async () => {
    const managed = await fetchQueues(management);
    return managed.map(({ name, ready, unacked, consumers, type, state }) => ({
      ...{ name, ready, unacked, consumers, type },
      state: state ?? 'running',
    }));
  };
}
