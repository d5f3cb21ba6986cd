import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { toError } from '../errors.js';
import type { Properties } from '../protocol/message.js';
import { isAway, type QueueLook, replyCodeOf } from './declare.js';
import { explainRefusal } from './queue-refusal.js';

/** A reply in a chord's queue that is held. */
export interface HeldReply {
  readonly properties: Properties;
  readonly body: Buffer;
  /** What settles it. */
  readonly tag: number;
}

/**
 * What came of taking a chord's replies.
 *
 *   taken    all that was ready, and held until it is settled or the channel closes
 *   busy     somebody else takes them just now
 */
export type ChordTake =
  | { readonly kind: 'taken'; readonly replies: readonly HeldReply[] }
  | { readonly kind: 'busy' }
  | Exclude<QueueLook, { readonly kind: 'there' }>;

const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;

/**
 * A channel on which chord queues are looked at and emptied, one after the other. What it holds goes back to its queue
 * when it closes, which it does when the broker refuses something.
 */
export class ChordChannel {
  readonly #channel: Channel;
  #open = true;
  #takes = 0;
  /** Replies that are not settled. */
  #held = 0;

  private constructor(channel: Channel) {
    this.#channel = channel;
    channel.on('error', () => undefined);
    channel.on('close', () => {
      this.#open = false;
    });
  }

  static async open(model: ChannelModel): Promise<ChordChannel> {
    return new ChordChannel(await model.createChannel());
  }

  /** Whether it can be used, by whoever has it. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether it holds replies that would go back to their queue with it. */
  get isHolding(): boolean {
    return this.#held > 0;
  }

  /**
   * Counts what is ready. Renews the queue's time (`x-expires`).
   * @throws {TqError} `access-refused`
   * @throws {Error} when the channel is lost before the answer
   */
  async look(queue: string): Promise<QueueLook> {
    try {
      const { messageCount, consumerCount } = await this.#channel.checkQueue(queue);
      return { kind: 'there', messages: messageCount, consumers: consumerCount };
    } catch (thrown) {
      return lookOf(thrown) ?? rethrow(thrown, queue);
    }
  }

  /**
   * Takes all that is ready, and nothing that comes later: it consumes alone and stops at once. What came before the
   * broker's answer to that is all.
   * @param counted how many were ready when the queue was looked at
   * @throws as `look`
   */
  async take(queue: string, counted: number): Promise<ChordTake> {
    const replies: HeldReply[] = [];
    const consumerTag = `tq.chord.${this.#takes++}`;
    try {
      const onReply = (message: ConsumeMessage | null) => {
        if (message === null) return;
        this.#held++;
        replies.push(heldReply(message));
      };
      await this.#channel.consume(queue, onReply, { consumerTag, exclusive: true });
      // A broker whose socket is full hands out the rest as that empties; what another joiner holds never comes.
      while (replies.length < counted) {
        const { messageCount } = await this.#channel.checkQueue(queue);
        if (messageCount === 0) break;
      }
      await this.#channel.cancel(consumerTag);
      return { kind: 'taken', replies };
    } catch (thrown) {
      if (isTaken(thrown)) return { kind: 'busy' };
      return lookOf(thrown) ?? rethrow(thrown, queue);
    }
  }

  /** Drops one of the replies that it holds. */
  drop({ tag }: HeldReply): void {
    if (!this.#open) return;
    this.#held--;
    this.#channel.ack({ fields: { deliveryTag: tag } } as ConsumeMessage);
  }

  /**
   * Deletes a queue with all that is in it, and lets go of what it holds; without effect where it is gone.
   * @throws as `look`
   */
  async delete(queue: string): Promise<void> {
    try {
      await this.#channel.deleteQueue(queue);
    } catch (thrown) {
      if (lookOf(thrown)?.kind !== 'missing') rethrow(thrown, queue);
    }
    // The channel keeps its account of them although their queue is gone.
    if (!this.#open || this.#held === 0) return;
    this.#held = 0;
    this.#channel.ackAll();
  }

  /**
   * Gives back what it holds; resolves when the broker knows, or cannot. It may count that in the queue a moment later, as
   * it does after a basic.nack.
   */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#channel.close().catch(() => undefined);
  }
}

function heldReply({ properties, content, fields }: ConsumeMessage): HeldReply {
  return { properties: properties as Properties, body: content, tag: fields.deliveryTag };
}

function lookOf(thrown: unknown): Exclude<QueueLook, { kind: 'there' }> | undefined {
  const error = toError(thrown);
  if (replyCodeOf(error) !== NOT_FOUND) return undefined;
  return isAway(error) ? { kind: 'away', error } : { kind: 'missing' };
}

/** Another consumer has the queue for itself; a user without the right to consume gets the same code. */
function isTaken(thrown: unknown): boolean {
  const error = toError(thrown);
  return replyCodeOf(error) === ACCESS_REFUSED && /in exclusive use/.test(error.message);
}

function rethrow(thrown: unknown, queue: string): never {
  throw explainRefusal(thrown, queue) ?? thrown;
}
