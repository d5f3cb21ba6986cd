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

/** There is a person to ask. */
export function canAsk({ input, output }: Asking = TERMINAL): boolean {
  return input.isTTY === true && output.isTTY === true;
}

/**
 * Refuses early what could not be asked for later.
 * @throws {UsageError} when there is neither `--yes` nor a terminal
 */
export function requireConsent(args: Arguments, asking: Asking = TERMINAL): void {
  if (args.flag('yes') || canAsk(asking)) return;
  const text = `tq ${args.command} asks before it does that: expected --yes where there is no terminal to ask on.`;
  throw new UsageError(text, args.command);
}

/** Asks, unless `--yes` was given; anything but y or yes is a no, and so is the end of the input. */
export async function confirmed(question: string, args: Arguments, asking: Asking = TERMINAL): Promise<boolean> {
  return args.flag('yes') || /^y(es)?$/i.test(await ask(`${question} [y/N] `, asking));
}

/** Asks; anything but n or no is a yes, the end of the input is a no, and so is the signal. */
export async function wanted(question: string, signal: AbortSignal, asking: Asking = TERMINAL): Promise<boolean> {
  return !['n', 'no', END].includes((await ask(`${question} [Y/n] `, asking, signal)).toLowerCase());
}

/** The end of the input is told as the control character that a terminal has for it. */
const END = '\x04';

async function ask(question: string, { input, output }: Asking, signal?: AbortSignal): Promise<string> {
  output.write(question);
  // The terminal's own line editing: Ctrl-C stays the signal that it is.
  const lines = createInterface({ input, terminal: false, signal });
  const answer = await Promise.race([once(lines, 'line'), once(lines, 'close').then(() => [END])]);
  lines.close();
  return String(answer[0]).trim();
}
