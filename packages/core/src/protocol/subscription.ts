import type { PlainFormat } from './foreign-message.js';
import type { HeadersMatch } from './headers-match.js';
import type { Headers } from './message.js';

/**
 * What a subscription takes and where it waits, as whoever consumes it has to know; plain data, since it crosses from
 * where its module is loaded. Its handler is a task of the same name.
 */
export interface SubscriptionFacts {
  /** The name of the task that its handler is. */
  readonly name: string;
  /** The exchange that it takes from, by its full name. */
  readonly exchange: string;
  /** Its keys: patterns where the exchange is a topic exchange. Empty for none, where headers alone say what it takes. */
  readonly keys: readonly string[];
  /** What the message's headers must be; undefined for anything. On tq's own exchange beside the keys, if there are any. */
  readonly headers?: Headers | undefined;
  /** Whether all of these headers must be as they are here, or any. Undefined for all. */
  readonly match?: HeadersMatch | undefined;
  /** Each event is for one subscriber of the group; undefined where it is for everybody. */
  readonly group?: string | undefined;
  /** The full name of the group's queue, durable; without a group the stem of the names of each worker's own queue. */
  readonly queue: string;
  /** How bodies are read. */
  readonly format: PlainFormat;
}
