import { Deque } from '../model/deque.js';
import type { Published } from '../model/virtual-host.js';

/** What confirms need of their channel. */
export interface ConfirmHost {
  /** Calls back at the end of the turn. */
  defer(task: () => void): void;
  /** Calls back when all that was stored until now is on disk. */
  whenFlushed(done: () => void): void;
  /** Sends basic.ack or basic.nack for publishes up to `tag`. */
  confirm(tag: number, multiple: boolean, accepted: boolean): void;
}

/** Publishes that get one answer: accepted ones without a refused one in between, or a refused one. */
interface Run {
  last: number;
  count: number;
  readonly accepted: boolean;
}

/** The publishes of one turn, oldest first. */
interface Batch {
  readonly runs: readonly Run[];
  state: 'waiting' | 'safe';
}

/**
 * Publisher confirms of a channel (RabbitMQ's confirm.select): every publish is answered once it is as safe as it asked
 * to be, in order, and the answers of a turn are joined. What is in no queue is as safe as it will ever be: as in
 * RabbitMQ it is answered at once and by itself, out of order, and an answer for many may cover it again.
 */
export class Confirms {
  readonly #host: ConfirmHost;
  readonly #batches = new Deque<Batch>();
  readonly #endTurn = () => this.#close();
  #lastTag = 0;
  /** The batch of this turn. */
  #runs: Run[] = [];
  /** Whether a message of this turn goes to the store. */
  #stored = false;

  constructor(host: ConfirmHost) {
    this.#host = host;
  }

  /** Notes the next publish and what became of it. */
  published(outcome: Published): void {
    this.#lastTag += 1;
    if (outcome === 'unroutable') this.#host.confirm(this.#lastTag, false, true);
    else this.#add(outcome);
  }

  #add(outcome: Exclude<Published, 'unroutable'>): void {
    if (this.#runs.length === 0) this.#host.defer(this.#endTurn);
    if (outcome === 'stored') this.#stored = true;
    const accepted = outcome !== 'refused';
    const run = this.#runs.at(-1);
    if (accepted && run?.accepted) {
      run.last = this.#lastTag;
      run.count += 1;
    } else {
      this.#runs.push({ last: this.#lastTag, count: 1, accepted });
    }
  }

  /** Closes the batch of this turn. */
  #close(): void {
    const batch: Batch = { runs: this.#runs, state: 'waiting' };
    const stored = this.#stored;
    this.#batches.push(batch);
    this.#runs = [];
    this.#stored = false;
    const safe = () => {
      batch.state = 'safe';
      this.#answer();
    };
    if (stored) this.#host.whenFlushed(safe);
    else safe();
  }

  /** Answers the batches that are safe, up to the first that is not. */
  #answer(): void {
    for (let batch = this.#batches.peek(); batch?.state === 'safe'; batch = this.#batches.peek()) {
      this.#batches.shift();
      for (const { last, count, accepted } of batch.runs) this.#host.confirm(last, count > 1, accepted);
    }
  }
}
