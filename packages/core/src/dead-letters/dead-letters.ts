import type { Connection } from '../broker/connection.js';
import { DeadQueues } from '../broker/dead-queues.js';
import { type DeadLetter, type DeadLetterMessage, type DeadLetterPlace, withoutBody } from '../protocol/dead-letter.js';
import { deadLetterQueue, delayDeadQueue } from '../protocol/names.js';
import { type DeadLetterFilter, type Selection, selectionOf } from './filter.js';
import {
  CALL_KEYS,
  type DeadLetterCallOptions,
  type DeadLetterPurgeOptions,
  type DeadLetterPurgeReport,
  type DeadLetterRetryOptions,
  type DeadLetterRetryReport,
  intervalOf,
  PURGE_KEYS,
  RETRY_KEYS,
  timeoutOf,
} from './options.js';
import { readPart, SeenLetters } from './part.js';
import { purgeQueue } from './purge.js';
import { Retry, type RetryHost } from './retry.js';

/** What dead letters need of their app. */
export interface DeadLetterHost extends RetryHost {
  /** Names of the queues that the app knows of, without prefix. */
  queues(): readonly string[];
  /**
   * A connection for one operation.
   * @throws {TqError} `in-child`, `closed`, `invalid-option` where there is no broker
   */
  connect(): Connection;
}

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
   * is given of it is as it was then: moving a letter while the list is read disturbs neither. About 32 MiB are kept at once,
   * and a queue that has more is looked at again.
   */
  list(filter: DeadLetterFilter = {}, options: DeadLetterCallOptions = {}): AsyncIterableIterator<DeadLetter> {
    const timeoutMs = timeoutOf(options, CALL_KEYS, 'list');
    return this.#read(selectionOf(filter, this.#host.clock.wallTime()), timeoutMs, withoutBody);
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
    for await (const letter of this.#read(selection, timeoutMs, whole)) return letter;
    return undefined;
  }

  /**
   * Puts dead letters back into the queues that they came from, which are declared where they are missing, the oldest of
   * each queue first. Each moves in one transaction: when the process or the connection ends at any point, it is in one
   * of the two queues, and running it again does the rest. Only what was there at the start is moved, and each id once to a queue, so
   * that what fails again stays. A task starts anew with its first try.
   * @throws {TqError} as above, and `invalid-args` for edited arguments that do not fit, `queue-missing` when the user may
   *   not declare a queue that is missing, `publish-nacked` when one is full
   */
  async retry(filter: DeadLetterFilter = {}, options: DeadLetterRetryOptions = {}): Promise<DeadLetterRetryReport> {
    const timeoutMs = timeoutOf(options, RETRY_KEYS, 'retry');
    const selection = selectionOf(filter, this.#host.clock.wallTime());
    intervalOf(options.rate);
    const queues = this.#open(timeoutMs);
    try {
      const retry = new Retry(this.#host, queues, selection, options);
      for (const { queue } of this.#placesOf(selection)) {
        if (retry.finished) break;
        await retry.run(queue);
      }
      return retry.report;
    } finally {
      await queues.close();
    }
  }

  /** Throws dead letters away: those of one queue all at once, or none when it is cut off. */
  async purge(filter: DeadLetterFilter = {}, options: DeadLetterPurgeOptions = {}): Promise<DeadLetterPurgeReport> {
    const timeoutMs = timeoutOf(options, PURGE_KEYS, 'purge');
    const selection = selectionOf(filter, this.#host.clock.wallTime());
    const queues = this.#open(timeoutMs);
    const report = { matched: 0, purged: 0, aborted: false };
    try {
      for (const place of this.#placesOf(selection)) {
        report.aborted = options.signal?.aborted === true;
        const limit = selection.limit - report.matched;
        if (report.aborted || limit === 0) break;
        const { matched, purged } = await purgeQueue(queues, place, { ...selection, limit }, options);
        report.matched += matched;
        report.purged += purged;
      }
      return report;
    } finally {
      await queues.close();
    }
  }

  /**
   * Dead letters with all of their messages, as they were when their queue was looked at; nothing is held while they are
   * read. About 32 MiB are kept at once, and a queue that has more is looked at again.
   */
  export(filter: DeadLetterFilter = {}, options: DeadLetterCallOptions = {}): AsyncIterableIterator<DeadLetterMessage> {
    const timeoutMs = timeoutOf(options, CALL_KEYS, 'export');
    return this.#read(selectionOf(filter, this.#host.clock.wallTime()), timeoutMs, whole);
  }

  /**
   * Reads queue by queue, and each in parts that memory has room for; gives of each letter what `keep` makes of it. No
   * connection is open while somebody reads what was found.
   */
  async *#read<T>(
    selection: Selection,
    timeoutMs: number,
    keep: (letter: DeadLetterMessage) => T,
  ): AsyncIterableIterator<T> {
    let left = selection.limit;
    let queues: DeadQueues | undefined;
    try {
      for (const place of this.#placesOf(selection)) {
        const seen = new SeenLetters();
        for (let complete = false; !complete && left > 0; ) {
          queues ??= this.#open(timeoutMs);
          const part = await readPart(queues, { place, selection: { ...selection, limit: left }, seen, keep });
          complete = part.complete;
          left -= part.letters.length;
          if (part.letters.length === 0) continue;
          await queues.close();
          queues = undefined;
          yield* part.letters;
        }
      }
    } finally {
      await queues?.close();
    }
  }

  #open(timeoutMs: number): DeadQueues {
    const { prefix, clock } = this.#host;
    return new DeadQueues({ connection: this.#host.connect(), prefix, clock, timeoutMs });
  }

  #placesOf({ queues }: Selection): readonly DeadLetterPlace[] {
    const { prefix } = this.#host;
    const names = queues ?? [...this.#host.queues(), delayDeadQueue('')];
    return names.map((name) => ({ prefix, queue: deadQueueOf(prefix, name) }));
  }
}

const whole = (letter: DeadLetterMessage): DeadLetterMessage => letter;

/** Full name of the queue that holds the dead letters of a queue. */
function deadQueueOf(prefix: string, name: string): string {
  return prefix + (name === delayDeadQueue('') ? name : deadLetterQueue(name));
}
