import type { Command } from '../command.js';
import { UsageError } from '../usage.js';

/** `tq topology`: what its verbs have in common; each is a command of its own. */
export const topology: Command = {
  details:
    'An app declares its queues, the exchanges and bindings of its options, and those of its tasks. The app is that of ' +
    '--app, else of the task file here, else the TQ_* variables alone. Names are shown as the broker has them, prefix included.',
  options: {},
  examples: [
    ['topology show', 'Every exchange, queue and binding that the app declares'],
    ['topology diff', 'How the broker differs from that'],
    ['topology apply', 'Declare what is missing'],
  ],
  positionals: { min: 1, max: 1 },
  run: async () => {
    throw new UsageError('Expected a verb after topology.', 'topology');
  },
};
