import type { Command } from '../command.js';
import { discardFrom } from '../queues/discard.js';
import { APP_OPTIONS, YES_OPTION } from '../queues/options.js';

/** `tq queues purge`: throws away what is ready in queues. */
export const queuesPurge: Command = {
  details: 'Throws away every message that is ready; what workers hold unacknowledged stays, and so does the queue.',
  options: {
    ...APP_OPTIONS,
    ...YES_OPTION,
    json: { kind: 'flag', describe: 'Print {"name", "messages"} for each queue' },
  },
  examples: [
    ['queues purge mail', 'Ask, and empty the queue mail'],
    ['queues purge mail mail.dead --yes', 'Empty it and its dead letters without asking'],
  ],
  positionals: { min: 1, max: Number.POSITIVE_INFINITY, complete: 'queue' },
  run: (args, output) =>
    discardFrom(args, output, {
      verb: 'Purge',
      describe: (messages) => `${messages} purged`,
      discard: (app, name, timeout) => app.queue(name).purge({ timeout }),
    }),
};
