import type { Arguments } from '../arguments.js';
import type { OptionSpec } from '../command.js';
import { APP_OPTION } from '../open-app.js';
import { durationOf } from '../queues/options.js';

/** What the verbs of `tq topology` take that ask the broker. */
export const APP_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...APP_OPTION,
  timeout: {
    kind: 'text',
    describe: 'How long the broker may take for all of it, for a connection at most 10s: 500ms, 5m. Default: 1m',
  },
};

const TIMEOUT_MS = 60_000;

/** How long all answers together may take, ms. */
export function timeoutOf(args: Arguments): number {
  return durationOf(args, 'timeout', 1) ?? TIMEOUT_MS;
}
