import type { QueueEntry } from './queue-entry.js';

/** Where a consumer's deliveries go: its subscription on a channel. */
export interface ConsumerOutlet {
  /**
   * Whether the channel takes one more delivery now. One that says no calls `queue.wake(consumer)` as soon as that
   * may have changed.
   */
  hasRoom(): boolean;
  /** Sends a message; unless the consumer is `noAck`, the channel settles the entry with the queue later. */
  deliver(entry: QueueEntry): void;
  /** The queue is gone, and the consumer with it (basic.cancel from the broker, RabbitMQ's consumer_cancel_notify). */
  cancelled(): void;
}

/** What basic.consume asked for. */
export interface ConsumerOptions {
  readonly outlet: ConsumerOutlet;
  /** Deliveries count as acknowledged when they are sent. */
  readonly noAck: boolean;
  /** The only consumer of its queue. */
  readonly exclusive: boolean;
  /** Those with a higher number are served first (x-priority). */
  readonly priority: number;
  /** Most deliveries that may be unacknowledged at a time; 0 is no limit. */
  readonly prefetch: number;
}

/**
 * A subscription to a queue.
 *
 *   waiting ─ its turn may come ─> ready ─ finds that it has no room ─> waiting
 *   any ─ cancelled, channel or queue gone ─> gone
 */
export class Consumer {
  readonly options: ConsumerOptions;
  /** Deliveries that are not settled yet. */
  unacknowledged = 0;
  state: 'waiting' | 'ready' | 'gone' = 'waiting';

  constructor(options: ConsumerOptions) {
    this.options = options;
  }

  hasRoom(): boolean {
    const { prefetch, outlet } = this.options;
    return (prefetch === 0 || this.unacknowledged < prefetch) && outlet.hasRoom();
  }
}
