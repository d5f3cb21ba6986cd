import { createHash } from 'node:crypto';
import type { DeadQueues } from '../broker/dead-queues.js';
import { ensureQueue } from '../broker/declare.js';
import type { Route } from '../broker/delay-ladder.js';
import type { HeldQueue } from '../broker/held-queue.js';
import type { Topology } from '../broker/topology.js';
import { type DeadLetterMessage, decodeDeadLetter, originOf } from '../protocol/dead-letter.js';
import type { InboundMessage } from '../protocol/message.js';
import { deadLetterExchange, delayDeadQueue, delayLostExchange } from '../protocol/names.js';
import { encodeAgain, encodeReplay } from '../protocol/replay.js';
import type { Clock } from '../time/clock.js';
import { argsTextOf, type EditHost } from './edited-arguments.js';
import type { Selection } from './filter.js';
import {
  type DeadLetterRetryOptions,
  type DeadLetterRetryReport,
  type EditedArguments,
  intervalOf,
} from './options.js';
import { Pace } from './pace.js';

/** What putting back needs of its app. */
export interface RetryHost extends EditHost {
  readonly prefix: string;
  readonly clock: Clock;
  topologyOf(queue: string): Topology;
}

/** A letter in hand, and what settles it. */
interface Found {
  readonly letter: DeadLetterMessage;
  readonly message: InboundMessage;
  readonly tag: number;
}

type End = 'moved' | 'returned' | 'skipped';

/** Bodies that are kept at once, bytes; what is beyond stays at the broker until these are moved. */
const MAX_KEPT_BYTES = 32 * 1_024 * 1_024;
/** How long a queue is held in one go, ms: others may look in between, and brokers take back what is held for long. */
const MAX_HELD_MS = 60_000;
/** How long it is left to others then, ms. */
const PAUSE_MS = 200;

/** One run of putting dead letters back, over several queues. */
export class Retry {
  readonly #host: RetryHost;
  readonly #queues: DeadQueues;
  readonly #selection: Selection;
  readonly #options: DeadLetterRetryOptions;
  readonly #pace: Pace;
  /** Ids that were moved: what failed again since is left. */
  readonly #done = new Set<string>();
  /** Letters that were skipped, so that they are not asked about again. */
  readonly #left = new Set<string>();
  /** Queues that are known to be there. */
  readonly #targets = new Set<string>();
  readonly #ends: Record<End, number> = { moved: 0, returned: 0, skipped: 0 };
  #matched = 0;

  constructor(host: RetryHost, queues: DeadQueues, selection: Selection, options: DeadLetterRetryOptions) {
    this.#host = host;
    this.#queues = queues;
    this.#selection = selection;
    this.#options = options;
    this.#pace = new Pace(host.clock, intervalOf(options.rate), options.signal);
  }

  get report(): DeadLetterRetryReport {
    return { matched: this.#matched, ...this.#ends, aborted: this.#aborted };
  }

  /** No more is to be done: enough was found, or it is aborted. */
  get finished(): boolean {
    return this.#aborted || this.#matched >= this.#selection.limit;
  }

  get #aborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  /**
   * Moves what is in a queue now; what comes later, and what fails again, is not touched.
   * @param queue full name of the queue that holds it
   */
  async run(queue: string): Promise<void> {
    const course: Course = { queue, until: Number.POSITIVE_INFINITY, todo: this.#selection.limit - this.#matched };
    let begun = false;
    for (;;) {
      const kept: Found[] = [];
      const found = { count: 0 };
      const holding = await this.#queues.hold(queue, {
        transactional: true,
        onMessage: this.#collector(course, kept, found),
      });
      if (holding === undefined) return;
      try {
        if (!begun) Object.assign(course, { until: holding.held.count, todo: found.count });
        if (!begun) this.#matched += found.count;
        begun = true;
        if (kept.length === 0) return;
        await this.#moveAll(holding.held, course, kept);
      } finally {
        await holding.release();
      }
      if (course.todo === 0 || this.#aborted) return;
      await this.#pace.pause(PAUSE_MS);
    }
  }

  /** Picks what is to be moved out of what comes, and keeps as many as fit into memory. */
  #collector(course: Course, kept: Found[], found: { count: number }): (message: InboundMessage, tag: number) => void {
    const { todo, until } = course;
    const place = { prefix: this.#host.prefix, queue: course.queue };
    let index = 0;
    let bytes = 0;
    return (message, tag) => {
      if (index++ >= until || found.count >= todo) return;
      const letter = decodeDeadLetter(message, place);
      if (!this.#selection.fits(letter) || this.#left.has(keyOf(letter))) return;
      found.count++;
      if (this.#options.dryRun === true || (kept.length > 0 && bytes + letter.size > MAX_KEPT_BYTES)) return;
      bytes += letter.size;
      kept.push({ letter, message, tag });
    };
  }

  async #moveAll(held: HeldQueue, course: Course, kept: readonly Found[]): Promise<void> {
    const { clock } = this.#host;
    const until = clock.monotonic() + MAX_HELD_MS;
    for (const found of kept) {
      if (clock.monotonic() > until || !(await this.#pace.next())) return;
      const end = await this.#handle(held, found);
      this.#ends[end]++;
      course.todo--;
      if (end === 'skipped') this.#left.add(keyOf(found.letter));
      else course.until--;
      const { deadQueue, queue, id } = found.letter;
      this.#options.onProgress?.({ ...this.report, queue: deadQueue === delayDeadQueue('') ? deadQueue : queue, id });
    }
  }

  async #handle(held: HeldQueue, { letter, message, tag }: Found): Promise<End> {
    const { id } = letter;
    if (id !== undefined && this.#done.has(id)) return 'skipped';
    const edited = await this.#edited(letter);
    if (edited === 'skip') return 'skipped';
    const target = originOf(message, { prefix: this.#host.prefix, queue: held.queue });
    await this.#ensure(target);
    let moved: boolean;
    try {
      moved = await held.move(tag, { exchange: '', routingKey: target }, encodeReplay(message, edited));
    } catch (error) {
      if (error instanceof RangeError) return 'skipped';
      throw error;
    }
    if (id !== undefined) this.#done.add(id);
    if (moved) return 'moved';
    this.#targets.delete(target);
    await held.putBack(this.#wayBack(held.queue, message), encodeAgain(message));
    return 'returned';
  }

  async #edited(letter: DeadLetterMessage): Promise<string | 'skip' | undefined> {
    const check = async (edited: EditedArguments) => void (await argsTextOf(letter, edited, this.#host));
    const edited = await this.#options.edit?.(letter, check);
    return edited === undefined || edited === 'skip' ? edited : argsTextOf(letter, edited, this.#host);
  }

  /** A queue that was deleted is declared as the app declares it. */
  async #ensure(queue: string): Promise<void> {
    if (this.#targets.has(queue)) return;
    const { model } = await this.#queues.link();
    await ensureQueue(model, queue, this.#host.topologyOf(queue));
    this.#targets.add(queue);
  }

  /** The way by which the broker or a worker brought it here, so that it says the same again. */
  #wayBack(queue: string, { exchange, routingKey }: InboundMessage): Route {
    const { prefix } = this.#host;
    if (queue === delayDeadQueue(prefix)) return { exchange: delayLostExchange(prefix), routingKey };
    return exchange === deadLetterExchange(prefix) ? { exchange, routingKey } : { exchange: '', routingKey: queue };
  }
}

/** What is left to do with one queue. */
interface Course {
  readonly queue: string;
  /** How many messages from the front were there when it began. */
  until: number;
  /** How many of them are still to be handled. */
  todo: number;
}

/** What a letter is known by from one look to the next. */
function keyOf({ id, body }: DeadLetterMessage): string {
  return id ?? createHash('sha256').update(body).digest('base64');
}
