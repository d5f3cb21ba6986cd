import type { ByteSize } from '../config/byte-size.js';
import { checkRecord } from '../config/check-record.js';
import { bytes, duration, flag, integer, NO_LIMIT, words } from '../config/kinds.js';
import type { OptionValues } from '../config/option.js';
import type { FunctionFrom } from '../protocol/foreign-message.js';
import type { Headers } from '../protocol/message.js';
import type { Duration } from '../time/duration.js';
import { BINDINGS, type BindingOptions, headers } from './binding-options.js';
import { FUNCTION_FROM } from './function-from.js';

/** Kinds of queue that RabbitMQ keeps on disk: `quorum` is replicated and counts deliveries, `classic` has priorities on 3.x. */
export type QueueType = 'quorum' | 'classic';

/** What becomes of a message for a queue that is full. */
export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx';

/** How much of a queue is tq's. */
export type QueueDeclare = 'full' | 'bare' | 'passive';

/** What a queue is to be. `npm run options` writes the lines below from `QUEUE_OPTIONS`. */
export interface QueueOptions {
  /** What it is. Default: the app's `queueType`. */
  readonly type?: QueueType | undefined;
  /** Levels of priority, for which RabbitMQ advises 10 at most; classic queues only (1 to 255). Default: none. */
  readonly maxPriority?: number | undefined;
  /** Whether it outlives the broker's restart; all but classic queues do. Default: `true`. */
  readonly durable?: boolean | undefined;
  /** Whether it goes with its last consumer; classic queues only. Default: `false`. */
  readonly autoDelete?: boolean | undefined;
  /** Messages in it, at most. Default: no limit. */
  readonly maxLength?: number | undefined;
  /** Bytes of their bodies, at most. Default: no limit. */
  readonly maxLengthBytes?: ByteSize | undefined;
  /** What becomes of a message for a full queue: the oldest goes, or the new one is refused; classic queues can leave a refused one as a dead letter. Default: `reject-publish` of quorum queues, `drop-head` of classic ones. */
  readonly overflow?: Overflow | undefined;
  /** How long a message waits before it is a dead letter. Default: no limit. */
  readonly messageTtl?: Duration | undefined;
  /** How long it may be unused before it is deleted. Default: no limit. */
  readonly expires?: Duration | undefined;
  /** Whether one consumer at a time gets its messages, and the next one when that is gone. Default: `false`. */
  readonly singleActiveConsumer?: boolean | undefined;
  /** Deliveries without an ack before the broker makes it a dead letter that answers nobody; quorum queues only. Default: `30`. */
  readonly deliveryLimit?: number | undefined;
  /** Further arguments. Default: none. */
  readonly arguments?: Headers | undefined;
  /** What it gets from exchanges, each `{ exchange, key, headers, match, arguments }`. Default: none. */
  readonly bindings?: readonly BindingOptions[] | undefined;
  /** `full` is with tq's dead letters and limits, `bare` with what is said here alone, `passive` as others have declared it. Default: `full` (`bare` under the `celery` preset). */
  readonly declare?: QueueDeclare | undefined;
  /** Where messages of other programs name the plain task that they are for: `app_id`, `type`, or `{ header: … }`. Default: one task alone takes all; of several `app_id`, else `type`, else the header `task` names it. */
  readonly functionFrom?: FunctionFrom | undefined;
}

/** The longest time that RabbitMQ takes as an argument, ms. */
const MAX_TIME_MS = 315_360_000_000;

/** Every option of a queue. */
export const QUEUE_OPTIONS = {
  type: words(['quorum', 'classic'], { describe: 'What it is', defaultText: "the app's `queueType`" }),
  maxPriority: integer({
    describe: 'Levels of priority, for which RabbitMQ advises 10 at most; classic queues only',
    min: 1,
    max: 255,
    defaultText: 'none',
  }),
  durable: flag({
    describe: "Whether it outlives the broker's restart; all but classic queues do",
    defaultText: '`true`',
  }),
  autoDelete: flag({
    describe: 'Whether it goes with its last consumer; classic queues only',
    defaultText: '`false`',
  }),
  maxLength: integer({ describe: 'Messages in it, at most', min: 1, max: NO_LIMIT, defaultText: 'no limit' }),
  maxLengthBytes: bytes({ describe: 'Bytes of their bodies, at most', min: 1, max: NO_LIMIT, defaultText: 'no limit' }),
  overflow: words(['drop-head', 'reject-publish', 'reject-publish-dlx'], {
    describe:
      'What becomes of a message for a full queue: the oldest goes, or the new one is refused; classic queues can leave a refused one as a dead letter',
    defaultText: '`reject-publish` of quorum queues, `drop-head` of classic ones',
  }),
  messageTtl: duration({
    describe: 'How long a message waits before it is a dead letter',
    min: 0,
    max: MAX_TIME_MS,
    defaultText: 'no limit',
  }),
  expires: duration({
    describe: 'How long it may be unused before it is deleted',
    min: 1,
    max: MAX_TIME_MS,
    defaultText: 'no limit',
  }),
  singleActiveConsumer: flag({
    describe: 'Whether one consumer at a time gets its messages, and the next one when that is gone',
    defaultText: '`false`',
  }),
  deliveryLimit: integer({
    describe:
      'Deliveries without an ack before the broker makes it a dead letter that answers nobody; quorum queues only',
    min: 1,
    max: 2_147_483_647,
    defaultText: '`30`',
  }),
  arguments: headers({ describe: 'Further arguments', defaultText: 'none' }),
  bindings: BINDINGS,
  declare: words(['full', 'bare', 'passive'], {
    describe:
      "`full` is with tq's dead letters and limits, `bare` with what is said here alone, `passive` as others have declared it",
    defaultText: '`full` (`bare` under the `celery` preset)',
  }),
  functionFrom: FUNCTION_FROM,
} satisfies Record<keyof QueueOptions, unknown>;

/** The same once it is checked: times in ms, sizes in bytes. */
export type QueueSettings = Partial<OptionValues<typeof QUEUE_OPTIONS>>;

/** @throws {TqError} `unknown-option` or `invalid-option` */
export function checkQueue(queue: unknown, name: string): QueueSettings {
  return checkRecord(queue, name, QUEUE_OPTIONS);
}
