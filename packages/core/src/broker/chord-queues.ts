import type { ChannelModel } from 'amqplib';
import { TqError, toError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import { fullJitter } from '../time/backoff.js';
import type { ChordQueue } from './chord-queue.js';
import type { Connection } from './connection.js';
import { declare, isConflictOf } from './declare.js';
import { chordQueueTopology } from './topology.js';

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
    for (let attempt = 0; ; attempt++) {
      const { model } = await connection.whenOpen();
      try {
        return await declareAll(model, chords);
      } catch (thrown) {
        if (thrown instanceof TqError) throw thrown;
        runtime.logger.warn({ err: toError(thrown) }, 'cannot declare the queues of chords yet; trying again');
        const wait = fullJitter(attempt, RETRY, runtime.random());
        await new Promise<void>((resolve) => runtime.clock.setTimer(resolve, wait).unref());
      }
    }
  }
}

/** One that is there already is used as it is: its canvas is sent again, and others wait with the rest. */
async function declareAll(model: ChannelModel, chords: readonly ChordQueue[]): Promise<void> {
  const queues = chords.flatMap(({ queue, expiresMs }) => chordQueueTopology(queue, expiresMs).queues);
  try {
    await declare(model, { exchanges: [], queues, bindings: [] });
  } catch (thrown) {
    const known = chords.find(({ queue }) => isConflictOf(queue, thrown));
    if (known === undefined) throw thrown;
    const rest = chords.filter((chord) => chord !== known);
    if (rest.length > 0) await declareAll(model, rest);
  }
}
