import type { Command } from '../command.js';
import { UsageError } from '../usage.js';

/** `tq queues`: what its verbs have in common; each is a command of its own. */
export const queues: Command = {
  details:
    "Names are those of the app, without its prefix; NAME.dead is the queue of NAME's dead letters, which tq dead " +
    'looks into and puts back. The app is that of --app, else of the task file here, else the TQ_* variables alone.',
  options: {},
  examples: [
    ['queues list', 'The queues of the app, with what is in them'],
    ['queues list --watch', 'The same, again and again'],
    ['queues show mail', 'All that is known of one'],
    ['queues purge mail mail.dead', 'Throw away what waits in two of them'],
    ['queues delete mail --if-empty --yes', 'Delete one that is empty, without asking'],
  ],
  positionals: { min: 1, max: 1 },
  run: async () => {
    throw new UsageError('Expected a verb after queues.', 'queues');
  },
};
