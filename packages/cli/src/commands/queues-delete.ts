import type { Command } from '../command.js';
import { discardFrom } from '../queues/discard.js';
import { APP_OPTIONS, YES_OPTION } from '../queues/options.js';

/** `tq queues delete`: deletes queues with what is in them. */
export const queuesDelete: Command = {
  details:
    'Deletes queues with all that is in them; the dead letters of a queue stay in NAME.dead. The next call of its tasks, ' +
    'and a worker that consumes it, declares a queue anew. On quorum queues, for which RabbitMQ knows no conditions, tq ' +
    'looks first: what arrives in between goes with the queue.',
  options: {
    ...APP_OPTIONS,
    'if-empty': { kind: 'flag', describe: 'Only when no message is ready in it' },
    'if-unused': { kind: 'flag', describe: 'Only when nobody consumes it' },
    ...YES_OPTION,
    json: { kind: 'flag', describe: 'Print {"name", "messages"} for each queue: how many went with it' },
  },
  examples: [
    ['queues delete mail', 'Ask, and delete the queue mail'],
    ['queues delete mail mail.dead --if-empty --if-unused --yes', 'Delete what nobody needs, without asking'],
  ],
  positionals: { min: 1, max: Number.POSITIVE_INFINITY, complete: 'queue' },
  run: (args, output) =>
    discardFrom(args, output, {
      verb: 'Delete',
      describe: (messages) => `deleted, and ${messages} with it`,
      discard: (app, name, timeout) =>
        app.queue(name).delete({ timeout, ifEmpty: args.flag('if-empty'), ifUnused: args.flag('if-unused') }),
    }),
};
