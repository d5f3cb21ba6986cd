import { TqError, toError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import { fullJitter } from '../time/backoff.js';
import type { ChordQueue } from './chord-queue.js';
import type { Connection, Link } from './connection.js';
import { declareQueue, isConflictOf } from './declare.js';
import { DeclaringChannels } from './declaring-channels.js';
import { chordQueueDeclaration } from './topology.js';

export interface ChordQueuesOptions {
  readonly connection: Connection;
  readonly runtime: Runtime;
}

type Readiness = true | Promise<void>;

/** What is declared together. */
interface Batch {
  readonly chords: ChordQueue[];
  readonly done: Promise<void>;
}

/** Names that are remembered as declared: those of chords whose headers are still being sent, and many more. */
const MAX_NAMES = 4_096;
const RETRY = { baseMs: 100, maxMs: 2_000 };

/**
 * Declares the queues of chords before their headers are published, each once: a member's reply that finds none is taken
 * for one that came after the join. What is asked for in one moment is declared together.
 */
export class ChordQueues {
  readonly #options: ChordQueuesOptions;
  readonly #known = new Map<string, Readiness>();
  readonly #channels = new DeclaringChannels();
  #next: Batch | undefined;

  constructor(options: ChordQueuesOptions) {
    this.#options = options;
  }

  /**
   * The queues are there: true when that is known, else a promise of it, which outlasts lost connections.
   * @throws {TqError} by rejection: `access-refused` and `queue-missing` when the user may not declare, `closed`
   */
  ready(chords: readonly ChordQueue[]): Readiness {
    const waits = chords.flatMap((chord) => {
      const ready = this.#known.get(chord.queue) ?? this.#declare(chord);
      return ready === true ? [] : [ready];
    });
    return waits.length === 0 ? true : Promise.all(waits).then(() => undefined);
  }

  #declare(chord: ChordQueue): Promise<void> {
    this.#next ??= this.#batch();
    const { chords, done } = this.#next;
    chords.push(chord);
    const { queue } = chord;
    if (this.#known.size >= MAX_NAMES) this.#forgetOldest();
    const declaring = done.then(
      () => void this.#known.set(queue, true),
      (error: unknown) => {
        this.#known.delete(queue);
        throw error;
      },
    );
    this.#known.set(queue, declaring);
    return declaring;
  }

  #batch(): Batch {
    const chords: ChordQueue[] = [];
    const done = Promise.resolve().then(() => {
      this.#next = undefined;
      return this.#untilDone(chords);
    });
    return { chords, done };
  }

  /** Only what is declared: whoever waits for one keeps its promise. */
  #forgetOldest(): void {
    for (const [queue, readiness] of this.#known) {
      if (readiness !== true) continue;
      this.#known.delete(queue);
      return;
    }
  }

  async #untilDone(chords: readonly ChordQueue[]): Promise<void> {
    const { connection, runtime } = this.#options;
    let left = chords;
    for (let attempt = 0; ; attempt++) {
      const link = await connection.whenOpen();
      const ends = await Promise.allSettled(left.map((chord) => this.#declareOn(link, chord)));
      const failed = ends.flatMap((end) => (end.status === 'rejected' ? [toError(end.reason)] : []));
      const [err] = failed;
      if (err === undefined) return;
      const refusal = failed.find((error) => error instanceof TqError);
      if (refusal !== undefined) throw refusal;
      left = left.filter((_, at) => ends[at]?.status === 'rejected');
      runtime.logger.warn({ err }, 'cannot declare the queues of chords yet; trying again');
      const wait = fullJitter(attempt, RETRY, runtime.random());
      await new Promise<void>((resolve) => runtime.clock.setTimer(resolve, wait).unref());
    }
  }

  /** One that is there already is used as it is: its canvas is sent again. */
  async #declareOn(link: Link, { queue, expiresMs }: ChordQueue): Promise<void> {
    const channel = await this.#channels.next(link);
    try {
      await declareQueue(channel, chordQueueDeclaration(queue, expiresMs));
    } catch (thrown) {
      if (!isConflictOf(queue, thrown)) throw thrown;
    }
  }
}
