import type { DeathReason } from './dead-letter.js';
import { Deque } from './deque.js';
import type { Message } from './message.js';
import type { QueueEntry } from './queue-entry.js';

/** What dead letters need of their queue. `T` is whatever takes them. */
export interface DeadLettersHost<T> {
  /** Publishes to the dead-letter exchange, if there is one, whatever becomes of it. */
  bury(message: Message, reason: DeathReason): void;
  /** Publishes to those that are not among `taken`, and adds those that take it. True when all have it, and somebody. */
  buryInAll(message: Message, reason: DeathReason, taken: Set<T>): boolean;
  /** The message is no longer the queue's. */
  forget(entry: QueueEntry): void;
  /** Asks for `retry`, when that may help. */
  retryLater(): void;
}

/** A dead letter that may not be lost, and that not all of its queues have taken. */
interface Held<T> {
  readonly entry: QueueEntry;
  readonly reason: DeathReason;
  /** Who has taken it, and must not get it again. */
  readonly taken: Set<T>;
}

/** After so many failures a retry ends: a million letters that nobody takes must not stop the broker every second. */
const MOST_FAILURES = 32;

/**
 * Messages that leave a queue without having been consumed. At most once means that one which no queue takes is gone;
 * at least once, that it is held until all of its queues have taken it (x-dead-letter-strategy).
 */
export class DeadLetters<T> {
  readonly #strategy: 'at-most-once' | 'at-least-once';
  readonly #host: DeadLettersHost<T>;
  readonly #held = new Deque<Held<T>>();

  constructor(strategy: 'at-most-once' | 'at-least-once', host: DeadLettersHost<T>) {
    this.#strategy = strategy;
    this.#host = host;
  }

  /** How many wait for a queue to take them. */
  get heldCount(): number {
    return this.#held.size;
  }

  /** Sends an entry on its way. */
  send(entry: QueueEntry, reason: DeathReason): void {
    if (this.#strategy === 'at-most-once') {
      this.#host.bury(entry.message, reason);
      this.#host.forget(entry);
    } else {
      this.#try({ entry, reason, taken: new Set() });
    }
  }

  /** Tries again with what is held. */
  retry(): void {
    let failures = 0;
    for (let rest = this.#held.size; rest > 0 && failures < MOST_FAILURES; rest--) {
      const letter = this.#held.shift();
      if (letter !== undefined && !this.#try(letter)) failures += 1;
    }
    if (this.#held.size > 0) this.#host.retryLater();
  }

  /** Gives up what is held. */
  takeHeld(): readonly QueueEntry[] {
    const entries = Array.from(this.#held, ({ entry }) => entry);
    this.#held.clear();
    return entries;
  }

  #try(letter: Held<T>): boolean {
    const { entry, reason, taken } = letter;
    const done = this.#host.buryInAll(entry.message, reason, taken);
    if (done) {
      this.#host.forget(entry);
    } else {
      this.#held.push(letter);
      this.#host.retryLater();
    }
    return done;
  }
}
