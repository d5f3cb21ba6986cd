import type { Channel, ConsumeMessage } from 'amqplib';
import type { InboundMessage, Properties } from '../protocol/message.js';
import { AckLedger } from './ack-ledger.js';
import type { Lease } from './lease.js';

/** A message delivered, and the right to settle it. */
export interface Delivery {
  readonly message: InboundMessage;
  readonly lease: Lease;
  /** Acks: at once when no other delivery is open, else together with the others of this turn. Nothing once the lease is over. */
  ack(): void;
  /** Gives it back to the queue at once (basic.nack, requeue); nothing once the lease is over. */
  requeue(): void;
}

/** One channel's life: its lease, and the acks that it owes. */
export class ConsumeSession implements Lease {
  readonly channel: Channel;
  alive = true;
  readonly #acks = new AckLedger();
  /** When the acks that are owed go out, if any are. */
  #flushDue: 'microtask' | 'turn' | undefined;
  /** It waits for its last deliveries to be settled. */
  #retired = false;

  /** @param onEnd told why it ended; undefined where its connection ended, or it was closed from here */
  constructor(channel: Channel, onEnd: (reason: Error | undefined) => void) {
    this.channel = channel;
    let reason: Error | undefined;
    channel.on('error', (error: Error) => {
      reason = error;
    });
    channel.on('close', () => {
      this.alive = false;
      onEnd(reason);
    });
  }

  deliver(message: ConsumeMessage): Delivery {
    const tag = message.fields.deliveryTag;
    this.#acks.delivered(tag);
    return {
      message: {
        properties: message.properties as Properties,
        body: message.content,
        exchange: message.fields.exchange,
        routingKey: message.fields.routingKey,
        redelivered: message.fields.redelivered,
      },
      lease: this,
      ack: () => this.#ack(tag),
      requeue: () => this.#requeue(tag),
    };
  }

  /**
   * Nothing is delivered here any more, and nobody else gets what was: closes once all of it is settled, so that until
   * then the leases hold.
   */
  closeWhenSettled(): void {
    this.#retired = true;
    this.#closeIfSettled();
  }

  async close(): Promise<void> {
    if (!this.alive) return;
    this.#flush();
    await this.channel.close().catch(() => undefined);
  }

  /** Closes the channel for good: its leases are over at once, whether the broker answers or not. */
  async end(): Promise<void> {
    const closing = this.close();
    this.alive = false;
    await closing;
  }

  #ack(tag: number): void {
    if (!this.alive) return;
    this.#acks.ack(tag);
    this.#flushBy(this.#acks.complete ? 'microtask' : 'turn');
  }

  #requeue(tag: number): void {
    if (!this.alive) return;
    this.#acks.settledAlone(tag);
    this.#send(tag, (message) => this.channel.nack(message, false, true));
    this.#closeIfSettled();
  }

  /** The end of the turn gathers most acks; but with nothing else open the broker would only wait for it. */
  #flushBy(due: 'microtask' | 'turn'): void {
    if (this.#flushDue === 'microtask' || this.#flushDue === due) return;
    this.#flushDue = due;
    const flush = () => {
      this.#flush();
      this.#closeIfSettled();
    };
    if (due === 'microtask') queueMicrotask(flush);
    else setImmediate(flush);
  }

  #closeIfSettled(): void {
    if (this.#retired && this.#acks.complete) void this.close();
  }

  #flush(): void {
    this.#flushDue = undefined;
    if (!this.alive) return;
    const { upTo, single } = this.#acks.flush();
    if (upTo !== undefined) this.#send(upTo, (message) => this.channel.ack(message, true));
    for (const tag of single) this.#send(tag, (message) => this.channel.ack(message));
  }

  /** amqplib throws on a channel that is closing; its deliveries go back to the queue by themselves. */
  #send(deliveryTag: number, send: (message: ConsumeMessage) => void): void {
    if (!this.alive) return;
    try {
      send({ fields: { deliveryTag } } as ConsumeMessage);
    } catch {
      this.alive = false;
    }
  }
}
