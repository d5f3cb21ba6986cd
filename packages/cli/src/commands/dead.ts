import type { Command } from '../command.js';
import { UsageError } from '../usage.js';

/** `tq dead`: what its verbs have in common; each is a command of its own. */
export const dead: Command = {
  details:
    'What failed for good, or could not be run at all, is kept in the queue NAME.dead of the queue NAME that it died in, ' +
    'with the reason. Without --queue a command is about every queue of the app: those that its tasks name, its default ' +
    'one, those of its options, and what the delay ladder could not deliver. Looking changes nothing.',
  options: {},
  examples: [
    ['dead list', 'The dead letters of the app, the oldest of each queue first'],
    ['dead list --task mail.send --error ECONNREFUSED', 'Those of one task that failed with this'],
    ['dead show ID', 'One with its arguments and the errors before'],
    ['dead retry --task mail.send --rate 50/s', 'Put them back where they came from, fifty a second'],
    ['dead purge --older-than 7d', 'Ask, and throw away what is old'],
    ['dead export > dead.jsonl', 'All of them, with their bodies, a line of JSON each'],
  ],
  positionals: { min: 1, max: 1 },
  run: async () => {
    throw new UsageError('Expected a verb after dead.', 'dead');
  },
};
