import { ChordChannel } from './chord-channel.js';
import type { Connection } from './connection.js';
import type { QueueLook } from './declare.js';

/** Channels that wait for the next chord, at most: opening and closing one costs the broker twice what taking replies does. */
const MAX_IDLE = 64;

/** A look at a queue that has not begun. */
interface WaitingLook {
  readonly queue: string;
  readonly done: Promise<QueueLook>;
  readonly resolve: (look: QueueLook) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The channels on which a worker looks at chord queues and empties them: one for all looks, and one for each chord that is
 * being joined, lent and taken back. A refusal closes a channel and nothing else.
 */
export class ChordChannels {
  readonly #connection: Connection;
  readonly #waiting = new Map<string, WaitingLook>();
  #looking = false;
  #lookout: ChordChannel | undefined;
  #idle: ChordChannel[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Counts what is ready in a queue at some moment from now on. Looks at one queue that have not begun are one.
   * @throws {TqError} by rejection: `access-refused`
   * @throws {Error} by rejection, when the connection is lost, or there is none
   */
  look(queue: string): Promise<QueueLook> {
    let waiting = this.#waiting.get(queue);
    if (waiting === undefined) {
      waiting = waitingLook(queue);
      this.#waiting.set(queue, waiting);
      if (!this.#looking) void this.#lookOn();
    }
    return waiting.done;
  }

  /**
   * Lends a channel; one that is given back open is lent again. What it still holds then goes back to its queue, where the
   * broker may count it a moment later: it tells of a closed channel before it has told the queue.
   */
  async lend<T>(use: (channel: ChordChannel) => Promise<T>): Promise<T> {
    const channel = await this.#take();
    let kept = false;
    try {
      const result = await use(channel);
      kept = channel.isOpen && !channel.isHolding && this.#idle.length < MAX_IDLE;
      return result;
    } finally {
      if (kept) this.#idle.push(channel);
      else await channel.close();
    }
  }

  /** Closes what waits; nothing is lent any more. */
  async close(): Promise<void> {
    const open = this.#idle.splice(0);
    if (this.#lookout !== undefined) open.push(this.#lookout);
    this.#lookout = undefined;
    await Promise.all(open.map((channel) => channel.close()));
  }

  async #lookOn(): Promise<void> {
    this.#looking = true;
    for (const [queue, look] of this.#waiting) {
      this.#waiting.delete(queue);
      try {
        look.resolve(await (await this.#lookoutChannel()).look(queue));
      } catch (error) {
        look.reject(error);
      }
    }
    this.#looking = false;
  }

  async #lookoutChannel(): Promise<ChordChannel> {
    if (this.#lookout?.isOpen !== true) this.#lookout = await this.#open();
    return this.#lookout;
  }

  async #take(): Promise<ChordChannel> {
    for (let channel = this.#idle.pop(); channel !== undefined; channel = this.#idle.pop()) {
      if (channel.isOpen) return channel;
    }
    return this.#open();
  }

  #open(): Promise<ChordChannel> {
    const { link, lastError } = this.#connection;
    if (link === undefined) throw lastError ?? new Error('there is no connection');
    return ChordChannel.open(link.model);
  }
}

function waitingLook(queue: string): WaitingLook {
  let settle: Pick<WaitingLook, 'resolve' | 'reject'> | undefined;
  const done = new Promise<QueueLook>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { queue, done, ...(settle as Pick<WaitingLook, 'resolve' | 'reject'>) };
}
