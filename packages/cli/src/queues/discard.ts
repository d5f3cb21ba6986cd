import { type App, hasCode } from '@tq/core';
import type { Arguments } from '../arguments.js';
import { EXIT } from '../exit-codes.js';
import { noteLogger } from '../note-logger.js';
import type { Output } from '../output.js';
import { confirmed, requireConsent } from './confirm.js';
import { formatCount } from './format.js';
import { missingQueue } from './known-queue.js';
import { openQueuesApp, type QueuesApp } from './open-app.js';
import { timeoutOf } from './options.js';

/** What a verb does to a queue that it throws messages away of. */
export interface Discarding {
  /** `Purge`: begins the question. */
  readonly verb: string;
  /** What became of a queue, after its name. */
  describe(messages: string): string;
  /** @returns how many messages are gone */
  discard(app: App, name: string, timeout: number): Promise<number>;
}

/**
 * Looks at all the queues that were named, asks once, and then does it to one after the other, telling each. A queue that
 * is not there stops it before anything is gone.
 */
export async function discardFrom(args: Arguments, output: Output, discarding: Discarding): Promise<number> {
  requireConsent(args);
  const timeout = timeoutOf(args);
  const opened = await openQueuesApp(args, noteLogger(output));
  try {
    const names = [...new Set(args.positionals)];
    const counts = await Promise.all(names.map((name) => countIn(opened, name, timeout)));
    const parts = names.map((name, index) => `${name} (${formatCount(counts[index] ?? 0)})`);
    if (!(await confirmed(`${discarding.verb} ${parts.join(', ')}?`, args))) {
      output.note('nothing was changed.');
      return EXIT.failed;
    }
    for (const name of names) {
      const messages = await discarding.discard(opened.app, name, timeout);
      const text = `${name}: ${discarding.describe(formatCount(messages))}`;
      output.print(output.json ? JSON.stringify({ name, messages }) : text);
    }
    return EXIT.ok;
  } finally {
    await opened.app.close();
  }
}

async function countIn({ app, queues }: QueuesApp, name: string, timeout: number): Promise<number> {
  try {
    return (await app.queue(name).depth({ timeout })).messages;
  } catch (error) {
    throw hasCode(error, 'queue-missing') ? missingQueue(name, queues) : error;
  }
}
