import { createHash } from 'node:crypto';
import type { DeadQueues, Holding } from '../broker/dead-queues.js';
import type { HeldQueue } from '../broker/held-queue.js';
import { Room } from '../broker/room.js';
import { type DeadLetterMessage, type DeadLetterPlace, decodeDeadLetter } from '../protocol/dead-letter.js';
import type { InboundMessage } from '../protocol/message.js';
import { delayDeadQueue } from '../protocol/names.js';
import type { Clock } from '../time/clock.js';
import { Pace } from '../time/pace.js';
import { argsTextOf, type EditHost } from './edited-arguments.js';
import type { Selection } from './filter.js';
import { type Found, Mover, type MoverHost } from './mover.js';
import {
  type DeadLetterRetryOptions,
  type DeadLetterRetryReport,
  type EditedArguments,
  intervalOf,
} from './options.js';

/** What putting back needs of its app. */
export interface RetryHost extends EditHost, MoverHost {
  readonly clock: Clock;
}

type End = 'moved' | 'returned' | 'skipped';

/**
 * How long a queue is held in one go, ms: others wait for 10 s unless they are told, and brokers take back what is held for
 * long. A large queue is held for longer, so that most of the time is not spent on taking it again and again.
 */
const HELD_MS = 5_000;
const MAX_HELD_MS = 60_000;
const HELD_PER_TAKE = 4;
/** How long it is left to others then, ms, at least. */
const PAUSE_MS = 200;

/** One run of putting dead letters back, over several queues. */
export class Retry {
  readonly #host: RetryHost;
  readonly #queues: DeadQueues;
  readonly #selection: Selection;
  readonly #options: DeadLetterRetryOptions;
  readonly #pace: Pace;
  readonly #mover: Mover;
  /** Those with an id that were moved: what failed again since is left. */
  readonly #done = new Set<string>();
  /** Letters that were skipped, so that they are not asked about again. */
  readonly #left = new Set<string>();
  readonly #ends: Record<End, number> = { moved: 0, returned: 0, skipped: 0 };
  #matched = 0;

  constructor(host: RetryHost, queues: DeadQueues, selection: Selection, options: DeadLetterRetryOptions) {
    this.#host = host;
    this.#queues = queues;
    this.#selection = selection;
    this.#options = options;
    this.#mover = new Mover(host, queues);
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
        await this.#moveAll(holding, course, kept);
      } finally {
        await holding.release();
      }
      if (course.todo === 0) return;
      await this.#pace.pause(Math.max(PAUSE_MS, this.#pace.waitMs));
      if (this.#aborted) return;
    }
  }

  /** Picks what is to be moved out of what comes, and keeps as many as fit into memory. */
  #collector(course: Course, kept: Found[], found: { count: number }): (message: InboundMessage, tag: number) => void {
    const { todo, until } = course;
    const place = this.#placeOf(course);
    const room = new Room();
    let index = 0;
    return (message, tag) => {
      if (index++ >= until || found.count >= todo) return;
      const letter = decodeDeadLetter(message, place);
      if (!this.#selection.fits(letter) || this.#left.has(keyOf(letter))) return;
      found.count++;
      if (this.#options.dryRun !== true && room.take(message.properties, message.body)) kept.push({ message, tag });
    };
  }

  async #moveAll({ held, tookMs }: Holding, course: Course, kept: readonly Found[]): Promise<void> {
    const { clock } = this.#host;
    const until = clock.monotonic() + Math.min(MAX_HELD_MS, Math.max(HELD_MS, tookMs * HELD_PER_TAKE));
    const place = this.#placeOf(course);
    for (const { message, tag } of kept) {
      // Others look while a slow pace lets the next one wait, which goes first then.
      if (clock.monotonic() + this.#pace.waitMs > until) return;
      if (!(await this.#pace.next())) return;
      const letter = decodeDeadLetter(message, place);
      const end = await this.#handle(held, letter, { message, tag });
      // The queue is not held any more: it is taken again, and the one to publish to declared.
      if (end === 'missing') return;
      this.#ends[end]++;
      course.todo--;
      if (end === 'skipped') this.#left.add(keyOf(letter));
      else course.until--;
      const { deadQueue, queue, id } = letter;
      this.#options.onProgress?.({ ...this.report, queue: deadQueue === delayDeadQueue('') ? deadQueue : queue, id });
    }
  }

  #placeOf({ queue }: Course): DeadLetterPlace {
    return { prefix: this.#host.prefix, queue };
  }

  async #handle(held: HeldQueue, letter: DeadLetterMessage, found: Found): Promise<End | 'missing'> {
    // Foreign programs use ids again.
    const key = letter.task === undefined ? undefined : keyOf(letter);
    if (key !== undefined && this.#done.has(key)) return 'skipped';
    const edited = await this.#edited(letter);
    if (edited === 'skip') return 'skipped';
    const end = await this.#mover.move(held, found, edited);
    if (key !== undefined && (end === 'moved' || end === 'returned')) this.#done.add(key);
    return end;
  }

  async #edited(letter: DeadLetterMessage): Promise<string | 'skip' | undefined> {
    const check = async (edited: EditedArguments) => void (await argsTextOf(letter, edited, this.#host));
    const edited = await this.#options.edit?.(letter, check);
    return edited === undefined || edited === 'skip' ? edited : argsTextOf(letter, edited, this.#host);
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

/** What a letter is known by from one look to the next: one event may have died in the queues of several groups. */
function keyOf({ id = '', task, queue, body }: DeadLetterMessage): string {
  const known = task === undefined || id === '' ? createHash('sha256').update(id).update(body).digest('base64') : id;
  return `${known} ${queue}`;
}
