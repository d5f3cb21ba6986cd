import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import type { DeadLetterMessage } from '@tq/core';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { filterOf } from '../dead/filter.js';
import { openDeadApp } from '../dead/open-app.js';
import { DEAD_OPTIONS } from '../dead/options.js';
import { stoppable } from '../dead/stoppable.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { formatCount } from '../queues/format.js';
import { timeoutOf } from '../queues/options.js';
import { UsageError } from '../usage.js';

/** `tq dead export`: dead letters with all of their messages, to keep or to look through. */
export const deadExport: Command = {
  details:
    'A line of JSON each: why it died, the AMQP properties, the headers, and the body as text ("utf8") or in base64. All ' +
    'of it is as it is on the broker, passwords in arguments included; the dead letters stay where they are.',
  options: {
    ...DEAD_OPTIONS,
    output: { kind: 'text', describe: 'Write to this new file, which nobody else may read. Default: standard output' },
    json: { kind: 'flag', describe: 'With --output print {"file", "messages"}; the lines are JSON either way' },
  },
  examples: [
    ['dead export > dead.jsonl', 'All of them'],
    ['dead export --reason poison | jq -r .body', 'The bodies of what nobody could read'],
    ['dead export --older-than 7d --output old.jsonl', 'Before a purge'],
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const filter = filterOf(args);
  const path = args.text('output');
  const app = await openDeadApp(args, output, filter);
  try {
    const letters = app.deadLetters.export(filter, { timeout: timeoutOf(args) });
    return await stoppable(output, async (signal) => {
      if (path === undefined) await writeAll(letters, (line) => output.printLine(line), signal);
      else await writeFile(letters, path, { command: args.command, output, signal });
      return EXIT.ok;
    });
  } finally {
    await app.close();
  }
}

async function writeFile(
  letters: AsyncIterable<DeadLetterMessage>,
  path: string,
  { command, output, signal }: { readonly command: string; readonly output: Output; readonly signal: AbortSignal },
): Promise<void> {
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    throw new UsageError(`--output: expected a new file, found one at '${path}'.`, command);
  });
  try {
    const messages = await writeAll(letters, (line) => file.appendFile(`${line}\n`), signal);
    output.print(output.json ? JSON.stringify({ file: path, messages }) : `${path}: ${formatCount(messages)} exported`);
  } finally {
    await file.close();
  }
}

/** @returns how many lines were written; a signal ends it after the present one */
async function writeAll(
  letters: AsyncIterable<DeadLetterMessage>,
  write: (line: string) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for await (const letter of letters) {
    await write(lineOf(letter));
    count += 1;
    if (signal.aborted) break;
  }
  return count;
}

function lineOf({ argsText, kwargsText, body, ...letter }: DeadLetterMessage): string {
  const encoding = isUtf8(body) ? 'utf8' : 'base64';
  return JSON.stringify({ ...letter, encoding, body: body.toString(encoding) });
}
