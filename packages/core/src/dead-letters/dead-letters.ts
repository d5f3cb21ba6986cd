import type { Connection } from '../broker/connection.js';
import { DeadQueues } from '../broker/dead-queues.js';
import { refuseUnknownKeys, requireInteger } from '../options-check.js';
import { type DeadLetter, type DeadLetterMessage, decodeDeadLetter, withoutBody } from '../protocol/dead-letter.js';
import type { InboundMessage } from '../protocol/message.js';
import { deadLetterQueue, delayDeadQueue } from '../protocol/names.js';
import type { Clock } from '../time/clock.js';
import { type DeadLetterFilter, type Selection, selectionOf } from './filter.js';

/** How long a look may take. */
export interface DeadLetterCallOptions {
  /**
   * How long to wait for the connection, for somebody else who looks at the same queue or moves its messages, and for the
   * broker while it says nothing, ms, 1 to 2,147,483,647. Default: 10,000.
   */
  readonly timeout?: number | undefined;
}

/** What dead letters need of their app. */
export interface DeadLetterHost {
  readonly prefix: string;
  readonly clock: Clock;
  /** Names of the queues that the app knows of, without prefix. */
  queues(): readonly string[];
  /**
   * A connection for one operation.
   * @throws {TqError} `in-child`, `closed`, `invalid-option` where there is no broker
   */
  connect(): Connection;
}

const TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 2_147_483_647;
const CALL_KEYS = ['timeout'] as const;

/**
 * What became of messages that no worker could finish: `app.deadLetters`. Every operation has a connection of its own.
 *
 * A look takes all of a queue unacknowledged and gives it back, in the same order; for that moment nobody else may look at
 * the same queue, and waits. Queues that are not there are empty. What is killed half-way has changed nothing.
 *
 * Every method rejects with a `TqError`: `invalid-option` and `unknown-option` (thrown at once), `queue-timeout` (no
 * connection, or no answer in time), `queue-in-use` (somebody else is at it for longer), `queue-unavailable` (its node is
 * down), `access-refused`, `connection-lost`, `in-child`, `closed`.
 */
export class DeadLetters {
  readonly #host: DeadLetterHost;

  constructor(host: DeadLetterHost) {
    this.#host = host;
  }

  /**
   * Dead letters, queue by queue, the oldest of each first. A queue is looked at when the one before has been read, and what
   * is given of it is as it was then: moving a letter while the list is read disturbs neither.
   */
  list(filter: DeadLetterFilter = {}, options: DeadLetterCallOptions = {}): AsyncIterableIterator<DeadLetter> {
    const timeoutMs = timeoutOf(options, CALL_KEYS, 'list');
    return this.#list(selectionOf(filter, this.#host.clock.wallTime()), timeoutMs);
  }

  /**
   * The first dead letter of this id, with all of its message.
   * @returns undefined when there is none
   */
  async show(
    id: string,
    filter: DeadLetterFilter = {},
    options: DeadLetterCallOptions = {},
  ): Promise<DeadLetterMessage | undefined> {
    const timeoutMs = timeoutOf(options, CALL_KEYS, 'show');
    const selection = selectionOf({ ...filter, id, limit: 1 }, this.#host.clock.wallTime());
    const [letter] = await this.#look(selection, timeoutMs, (found) => found);
    return letter;
  }

  async *#list(selection: Selection, timeoutMs: number): AsyncIterableIterator<DeadLetter> {
    let left = selection.limit;
    for (const queue of this.#queuesOf(selection)) {
      const one = { ...selection, queues: [queue], limit: left };
      const letters = await this.#look(one, timeoutMs, withoutBody);
      yield* letters;
      left -= letters.length;
      if (left === 0) return;
    }
  }

  /** Looks into queues until enough is found; keeps of each letter that fits what `keep` makes of it. */
  async #look<T>(selection: Selection, timeoutMs: number, keep: (letter: DeadLetterMessage) => T): Promise<T[]> {
    const { prefix } = this.#host;
    const queues = this.#open(timeoutMs);
    const found: T[] = [];
    try {
      for (const name of this.#queuesOf(selection)) {
        const queue = deadQueueOf(prefix, name);
        const onMessage = (message: InboundMessage) => {
          const letter = decodeDeadLetter(message, { prefix, queue });
          if (found.length < selection.limit && selection.fits(letter)) found.push(keep(letter));
        };
        const holding = await queues.hold(queue, { onMessage });
        await holding?.release();
        if (found.length === selection.limit) break;
      }
      return found;
    } finally {
      await queues.close();
    }
  }

  #open(timeoutMs: number): DeadQueues {
    const { prefix, clock } = this.#host;
    return new DeadQueues({ connection: this.#host.connect(), prefix, clock, timeoutMs });
  }

  #queuesOf({ queues }: Selection): readonly string[] {
    return queues ?? [...this.#host.queues(), delayDeadQueue('')];
  }
}

/** Full name of the queue that holds the dead letters of a queue. */
function deadQueueOf(prefix: string, name: string): string {
  return prefix + (name === delayDeadQueue('') ? name : deadLetterQueue(name));
}

function timeoutOf(options: DeadLetterCallOptions, known: readonly string[], method: string): number {
  refuseUnknownKeys(options, known, `deadLetters.${method}`);
  return requireInteger(options.timeout ?? TIMEOUT_MS, `${method}: timeout (ms)`, { min: 1, max: MAX_TIMEOUT_MS });
}
