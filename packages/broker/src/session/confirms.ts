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

/** The publishes of one turn: consecutive tags, some refused. */
interface Batch {
  readonly last: number;
  /** Tags of messages that a full queue refused, in order. */
  readonly refused: readonly number[];
  state: 'waiting' | 'safe';
}

/**
 * Publisher confirms of a channel (RabbitMQ's confirm.select): every publish is answered once it is as safe as it asked
 * to be, in order, and the answers of a turn are joined.
 */
export class Confirms {
  readonly #host: ConfirmHost;
  readonly #batches = new Deque<Batch>();
  readonly #endTurn = () => this.#close();
  #lastTag = 0;
  #lastClosed = 0;
  #lastConfirmed = 0;
  #refused: number[] = [];
  /** Whether a message of this turn goes to the store. */
  #stored = false;

  constructor(host: ConfirmHost) {
    this.#host = host;
  }

  /** Notes the next publish and what became of it. */
  published(outcome: Published): void {
    if (this.#lastTag === this.#lastClosed) this.#host.defer(this.#endTurn);
    this.#lastTag += 1;
    if (outcome === 'refused') this.#refused.push(this.#lastTag);
    if (outcome === 'stored') this.#stored = true;
  }

  /** Closes the batch of this turn. */
  #close(): void {
    const batch: Batch = { last: this.#lastTag, refused: this.#refused, state: 'waiting' };
    const stored = this.#stored;
    this.#batches.push(batch);
    this.#lastClosed = this.#lastTag;
    this.#refused = [];
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
      for (const tag of batch.refused) {
        this.#send(tag - 1, true);
        this.#send(tag, false);
      }
      this.#send(batch.last, true);
    }
  }

  /** Answers everything up to `tag` that has no answer yet. */
  #send(tag: number, accepted: boolean): void {
    const count = tag - this.#lastConfirmed;
    if (count <= 0) return;
    this.#lastConfirmed = tag;
    this.#host.confirm(tag, count > 1, accepted);
  }
}
