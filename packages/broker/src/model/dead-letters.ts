import type { DeathReason } from './dead-letter.js';
import type { Message } from './message.js';
import type { QueueEntry } from './queue-entry.js';

/** What dead letters need of their queue. */
export interface DeadLettersHost {
  /** Publishes to the dead-letter exchange; false when no queue took the message. Always true where there is no such exchange. */
  bury(message: Message, reason: DeathReason): boolean;
  /** The message is no longer the queue's. */
  forget(entry: QueueEntry): void;
  /** Asks for `retry`, when that may help. */
  retryLater(): void;
}

/** A message that no queue took as a dead letter, and that may not be lost. */
interface Held {
  readonly entry: QueueEntry;
  readonly reason: DeathReason;
}

/**
 * Messages that leave a queue without having been consumed. At most once means that one which no queue takes is gone;
 * at least once, that it is held until a queue takes it (x-dead-letter-strategy).
 */
export class DeadLetters {
  readonly #strategy: 'at-most-once' | 'at-least-once';
  readonly #host: DeadLettersHost;
  #held: Held[] = [];

  constructor(strategy: 'at-most-once' | 'at-least-once', host: DeadLettersHost) {
    this.#strategy = strategy;
    this.#host = host;
  }

  /** Messages that wait for a queue to take them. */
  get held(): readonly QueueEntry[] {
    return this.#held.map(({ entry }) => entry);
  }

  /** Sends an entry on its way. */
  send(entry: QueueEntry, reason: DeathReason): void {
    if (this.#host.bury(entry.message, reason) || this.#strategy === 'at-most-once') {
      this.#host.forget(entry);
    } else {
      this.#held.push({ entry, reason });
      this.#host.retryLater();
    }
  }

  /** Tries again with what is held. */
  retry(): void {
    const held = this.#held;
    this.#held = [];
    for (const { entry, reason } of held) this.send(entry, reason);
  }
}
