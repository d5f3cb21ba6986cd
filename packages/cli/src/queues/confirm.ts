import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Arguments } from '../arguments.js';
import { UsageError } from '../usage.js';

/** Where a person is asked. */
export interface Asking {
  readonly input: Readable & { readonly isTTY?: boolean | undefined };
  readonly output: Writable & { readonly isTTY?: boolean | undefined };
}

const TERMINAL: Asking = { input: process.stdin, output: process.stderr };

/**
 * Refuses early what could not be asked for later.
 * @throws {UsageError} when there is neither `--yes` nor a terminal
 */
export function requireConsent(args: Arguments, { input, output }: Asking = TERMINAL): void {
  if (args.flag('yes') || (input.isTTY === true && output.isTTY === true)) return;
  const text = `tq ${args.command} asks before it does that: expected --yes where there is no terminal to ask on.`;
  throw new UsageError(text, args.command);
}

/** Asks, unless `--yes` was given; anything but y or yes is a no, and so is the end of the input. */
export async function confirmed(
  question: string,
  args: Arguments,
  { input, output }: Asking = TERMINAL,
): Promise<boolean> {
  if (args.flag('yes')) return true;
  output.write(`${question} [y/N] `);
  // The terminal's own line editing: Ctrl-C stays the signal that it is.
  const lines = createInterface({ input, terminal: false });
  const answer = await Promise.race([once(lines, 'line'), once(lines, 'close').then(() => [''])]);
  lines.close();
  return /^y(es)?$/i.test(String(answer[0]).trim());
}
