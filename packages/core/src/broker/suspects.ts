import { replyCodeOf } from './declare.js';
import type { OutboxEntry } from './outbox.js';

/** What a broker closed that got a message it cannot take. */
export type Closed = 'channel' | 'connection';

/**
 * Finds the message for which the broker closes what it was published on: whatever was on it then is suspect, and is
 * written again one at a time until it is confirmed, or is the one.
 */
export class Suspects {
  #count = 0;

  /** True while the messages are to be written one at a time. */
  get any(): boolean {
    return this.#count > 0;
  }

  /**
   * Takes what was written and not confirmed when it was closed. A connection carries more than messages, so that there one
   * is at fault only when it was alone the second time.
   * @returns the message at fault, when it has shown itself
   */
  accuse(written: readonly OutboxEntry[], closed: Closed): OutboxEntry | undefined {
    const [only] = written;
    if (only !== undefined && written.length === 1 && (closed === 'channel' || only.suspect)) return only;
    for (const entry of written) {
      if (entry.state === 'ended' || entry.suspect) continue;
      entry.suspect = true;
      this.#count++;
    }
    return undefined;
  }

  /** It has ended. */
  acquit(entry: OutboxEntry): void {
    if (entry.suspect) this.#count--;
  }
}

/**
 * Whether a connection may have ended because of what was published on it: with one of AMQP's hard errors of a peer that got
 * what it cannot take (AMQP 0-9-1 section 1.2, 501 to 541), not with that by which a broker goes away (320). RabbitMQ
 * answers with 541 to addresses that look like those of its direct reply-to and are none.
 */
export function isOverMessage(lost: Error): boolean {
  const code = replyCodeOf(lost);
  return typeof code === 'number' && code > 500;
}
