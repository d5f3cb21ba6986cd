import type { DeadQueues } from '../broker/dead-queues.js';
import { ensureQueue, lookAtQueue } from '../broker/declare.js';
import type { Route } from '../broker/delay-ladder.js';
import type { HeldQueue } from '../broker/held-queue.js';
import type { MoveEnd } from '../broker/move-end.js';
import type { Topology } from '../broker/topology.js';
import { assertNever, TqError } from '../errors.js';
import { originOf } from '../protocol/dead-letter.js';
import type { InboundMessage, OutboundMessage } from '../protocol/message.js';
import {
  deadLetterExchange,
  delayDeadQueue,
  delayLostExchange,
  delayStubQueue,
  isSharedName,
  sharedNameOf,
} from '../protocol/names.js';
import { encodeAgain, encodeReplay } from '../protocol/replay.js';

/** What moving messages needs of the app. */
export interface MoverHost {
  readonly prefix: string;
  topologyOf(queue: string): Topology;
}

/** A message in hand, and what settles it. */
export interface Found {
  readonly message: InboundMessage;
  readonly tag: number;
}

/** Brings dead letters to the queues that they came from, which are declared where they are missing. */
export class Mover {
  readonly #host: MoverHost;
  readonly #queues: DeadQueues;
  /** Queues that are known to be there. */
  readonly #targets = new Set<string>();

  constructor(host: MoverHost, queues: DeadQueues) {
    this.#host = host;
    this.#queues = queues;
  }

  /**
   * Moves one.
   * @param argsText JSON of other arguments
   * @returns `returned` when it is back behind the dead letters, `skipped` when it cannot be sent and is where it was,
   *   `missing` when nothing has happened but that the queue is not held any more
   * @throws {TqError} `publish-nacked` when its queue is full; it is back then
   */
  async move(
    held: HeldQueue,
    { message, tag }: Found,
    argsText: string | undefined,
  ): Promise<'moved' | 'returned' | 'skipped' | 'missing'> {
    const target = originOf(message, { prefix: this.#host.prefix, queue: held.queue });
    if (!(await this.#ensure(target))) return 'skipped';
    const end = await moveUnlessTooLarge(held, tag, target, encodeReplay(message, argsText));
    if (end !== 'moved') this.#targets.delete(target);
    switch (end) {
      case 'moved':
      case 'missing':
        return end;
      case 'too-large':
        return 'skipped';
      case 'returned':
        await this.#putBack(held.queue, message);
        return 'returned';
      case 'refused':
        await this.#putBack(held.queue, message);
        throw queueFull(target, held.queue);
      default:
        return assertNever(end);
    }
  }

  /**
   * @returns false when the queue is not there and only a call of the exchange behind it can declare it, or only one worker
   *   could, whose own it was
   */
  async #ensure(queue: string): Promise<boolean> {
    if (this.#targets.has(queue)) return true;
    const { prefix } = this.#host;
    if (isSharedName(prefix, queue) || sharedNameOf(prefix, queue) !== undefined) return false;
    const isStub = queue.startsWith(delayStubQueue(prefix, ''));
    const isThere = await this.#queues.use(queue, async (model) => {
      if (isStub) return (await lookAtQueue(model, queue)).kind !== 'missing';
      await ensureQueue(model, queue, this.#host.topologyOf(queue));
      return true;
    });
    if (isThere) this.#targets.add(queue);
    return isThere;
  }

  #putBack(queue: string, message: InboundMessage): Promise<void> {
    return this.#queues.putBack(this.#wayBack(queue, message), encodeAgain(message));
  }

  /** The way by which the broker or a worker brought it here, so that it says the same again. */
  #wayBack(queue: string, { exchange, routingKey }: InboundMessage): Route {
    const { prefix } = this.#host;
    if (queue === delayDeadQueue(prefix)) return { exchange: delayLostExchange(prefix), routingKey };
    return exchange === deadLetterExchange(prefix) ? { exchange, routingKey } : { exchange: '', routingKey: queue };
  }
}

/** A header table of more than 64 KiB can be read and not written. */
async function moveUnlessTooLarge(
  held: HeldQueue,
  tag: number,
  queue: string,
  message: OutboundMessage,
): Promise<MoveEnd | 'too-large'> {
  try {
    return await held.move(tag, queue, message);
  } catch (error) {
    if (error instanceof RangeError) return 'too-large';
    throw error;
  }
}

function queueFull(queue: string, deadQueue: string): TqError {
  const text = `The queue '${queue}' is full and takes no message: what is left is in '${deadQueue}'. Let its workers catch up, and do it again.`;
  return new TqError('publish-nacked', text, { fields: { queue } });
}
