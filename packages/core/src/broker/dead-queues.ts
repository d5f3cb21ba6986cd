import { createHash } from 'node:crypto';
import { deadLetterLock } from '../protocol/names.js';
import type { HeldQueue } from './held-queue.js';
import { QueueSession, type QueueSessionOptions, type TakeOptions } from './queue-session.js';

export interface DeadQueuesOptions extends QueueSessionOptions {
  readonly prefix: string;
}

/** A queue that is held, and the right to it. */
export interface Holding {
  readonly held: HeldQueue;
  /** How long it took until all of it was here, ms. */
  readonly tookMs: number;
  /** Gives all back that was not settled, then the right. */
  release(): Promise<void>;
}

/**
 * Queues of dead letters, held by one at a time: what one holds nobody else sees, and on a quorum queue two who look at
 * once would give back in another order than they took.
 */
export class DeadQueues extends QueueSession {
  readonly #options: DeadQueuesOptions;

  constructor(options: DeadQueuesOptions) {
    super(options);
    this.#options = options;
  }

  /**
   * Takes all that is ready in a queue.
   * @param queue full name
   * @returns undefined when there is no such queue
   * @throws {TqError} as for `lock` and `take`
   */
  async hold(queue: string, options: TakeOptions): Promise<Holding | undefined> {
    const { clock, prefix } = this.#options;
    const unlock = await this.lock(deadLetterLock(prefix, hashOf(queue)), queue);
    const begun = clock.monotonic();
    let held: HeldQueue | undefined;
    try {
      held = await this.take(queue, options);
    } finally {
      if (held === undefined) await unlock();
    }
    if (held === undefined) return undefined;
    const release = async () => {
      await held.release();
      await unlock();
    };
    return { held, tookMs: clock.monotonic() - begun, release };
  }
}

/** What stands for a queue in another name: names of queues may be as long as a name may be. */
export function hashOf(queue: string): string {
  return createHash('sha256').update(queue).digest('hex').slice(0, HASH_LENGTH);
}

/** Hex digits. */
const HASH_LENGTH = 32;
