import type { Message } from './message.js';

/** The pseudo-queue that a client consumes from to get replies without a queue (RabbitMQ's direct reply-to). */
export const REPLY_TO = 'amq.rabbitmq.reply-to';
/** What the names of reply addresses begin with. */
export const REPLY_TO_PREFIX = `${REPLY_TO}.`;

/** A channel that waits for replies. */
export interface ReplyOutlet {
  deliverReply(message: Message): void;
}

/** The reply addresses of a virtual host, each the name that a publisher's reply-to is replaced with. */
export class DirectReplies {
  readonly #outlets = new Map<string, ReplyOutlet>();

  /** @param address begins with `REPLY_TO_PREFIX` and cannot be guessed */
  open(address: string, outlet: ReplyOutlet): void {
    this.#outlets.set(address, outlet);
  }

  close(address: string): void {
    this.#outlets.delete(address);
  }

  has(address: string): boolean {
    return this.#outlets.has(address);
  }

  /** Hands a reply over; a channel that is gone gets nothing, in silence, as in RabbitMQ. */
  deliver(address: string, message: Message): void {
    this.#outlets.get(address)?.deliverReply(message);
  }
}
