import type { Connection } from '../broker/connection.js';
import { DeadQueues } from '../broker/dead-queues.js';
import { type DeadLetter, type DeadLetterMessage, decodeDeadLetter, withoutBody } from '../protocol/dead-letter.js';
import type { InboundMessage } from '../protocol/message.js';
import { deadLetterQueue, delayDeadQueue } from '../protocol/names.js';
import { exportPart, SeenLetters } from './export.js';
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

  /**
   * Puts dead letters back into the queues that they came from, which are declared where they are missing, the oldest of
   * each queue first. Each moves in one transaction: when the process or the connection ends at any point, it is in one
   * of the two queues, and running it again does the rest. Only what was there at the start is moved, and each id once, so
   * that what fails again stays. A task starts anew with its first try.
   * @throws {TqError} as above, and `invalid-args` for edited arguments that do not fit, `queue-missing` when the user may
   *   not declare a queue that is missing
   */
  async retry(filter: DeadLetterFilter = {}, options: DeadLetterRetryOptions = {}): Promise<DeadLetterRetryReport> {
    const timeoutMs = timeoutOf(options, RETRY_KEYS, 'retry');
    const selection = selectionOf(filter, this.#host.clock.wallTime());
    intervalOf(options.rate);
    const queues = this.#open(timeoutMs);
    try {
      const retry = new Retry(this.#host, queues, selection, options);
      for (const queue of this.#queuesOf(selection)) {
        if (retry.finished) break;
        await retry.run(deadQueueOf(this.#host.prefix, queue));
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
    const { prefix } = this.#host;
    const queues = this.#open(timeoutMs);
    const report = { matched: 0, purged: 0, aborted: false };
    try {
      for (const name of this.#queuesOf(selection)) {
        report.aborted = options.signal?.aborted === true;
        const limit = selection.limit - report.matched;
        if (report.aborted || limit === 0) break;
        const place = { prefix, queue: deadQueueOf(prefix, name) };
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
   * read. Bodies of up to 32 MiB are kept at once, and a queue that has more is looked at again.
   */
  export(filter: DeadLetterFilter = {}, options: DeadLetterCallOptions = {}): AsyncIterableIterator<DeadLetterMessage> {
    const timeoutMs = timeoutOf(options, CALL_KEYS, 'export');
    const selection = selectionOf(filter, this.#host.clock.wallTime());
    return this.#export(selection, timeoutMs);
  }

  async *#export(selection: Selection, timeoutMs: number): AsyncIterableIterator<DeadLetterMessage> {
    const { prefix } = this.#host;
    let left = selection.limit;
    for (const name of this.#queuesOf(selection)) {
      const seen = new SeenLetters();
      for (let complete = false; !complete && left > 0; ) {
        const queues = this.#open(timeoutMs);
        const place = { prefix, queue: deadQueueOf(prefix, name) };
        const part = await exportPart(queues, place, { ...selection, limit: left }, seen).finally(() => queues.close());
        complete = part.complete;
        left -= part.letters.length;
        yield* part.letters;
      }
    }
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
