/**
 * Which deliveries of one channel are settled, so that one `basic.ack(multiple)` a turn covers all that has no gap
 * before it. Pure: it says what to send and sends nothing.
 *
 * Delivery tags count up from 1 on a channel (AMQP 0-9-1, basic.deliver). An ack(multiple) must name a tag that is
 * still outstanding: for one that was settled alone before, RabbitMQ acks everything and closes the channel.
 */
export class AckLedger {
  /** The last tag that was delivered. */
  #delivered = 0;
  /** Every tag below this one is settled at the broker, or will be with the next flush. */
  #low = 1;
  /** Settled tags from `#low` on, that is behind a gap. */
  readonly #ahead = new Set<number>();
  /** Tags to ack with the next flush. */
  #pending: number[] = [];

  /** True when nothing that was delivered is still open, so that waiting would add nothing to the next flush. */
  get complete(): boolean {
    return this.#low > this.#delivered;
  }

  /** Notes a delivery; tags come in order. */
  delivered(tag: number): void {
    this.#delivered = tag;
  }

  /** Notes that a delivery is done and wants an ack. */
  ack(tag: number): void {
    this.#pending.push(tag);
    this.#settled(tag);
  }

  /** Notes that a delivery was given back by itself (basic.nack), so that it leaves no gap. */
  settledAlone(tag: number): void {
    this.#settled(tag);
  }

  /** What to send now: one ack for all tags up to `upTo`, and one for each of `single`. */
  flush(): { readonly upTo: number | undefined; readonly single: readonly number[] } {
    const pending = this.#pending;
    this.#pending = [];
    let upTo: number | undefined;
    const single: number[] = [];
    for (const tag of pending) {
      if (tag >= this.#low) single.push(tag);
      else if (upTo === undefined || tag > upTo) upTo = tag;
    }
    return { upTo, single };
  }

  #settled(tag: number): void {
    if (tag !== this.#low) {
      this.#ahead.add(tag);
      return;
    }
    this.#low++;
    while (this.#ahead.delete(this.#low)) this.#low++;
  }
}
