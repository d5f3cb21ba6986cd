import { Consumer, type ConsumerOutlet } from '../model/consumer.js';
import type { Queue } from '../model/queue.js';
import type { QueueEntry } from '../model/queue-entry.js';

/** What a subscription needs of its channel. */
export interface SubscriptionHost {
  hasRoom(): boolean;
  deliver(subscription: Subscription, entry: QueueEntry): void;
  cancelled(subscription: Subscription): void;
}

/** What basic.consume asked for. */
export interface SubscriptionOptions {
  readonly tag: string;
  readonly queue: Queue;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  readonly priority: number;
  /** 0 is no limit. */
  readonly prefetch: number;
}

/** A consumer of a queue, as its channel knows it. */
export class Subscription implements ConsumerOutlet {
  readonly tag: string;
  readonly queue: Queue;
  readonly consumer: Consumer;
  readonly #host: SubscriptionHost;

  constructor({ tag, queue, ...options }: SubscriptionOptions, host: SubscriptionHost) {
    this.tag = tag;
    this.queue = queue;
    this.#host = host;
    this.consumer = new Consumer({ ...options, outlet: this });
  }

  hasRoom(): boolean {
    return this.#host.hasRoom();
  }

  deliver(entry: QueueEntry): void {
    this.#host.deliver(this, entry);
  }

  cancelled(): void {
    this.#host.cancelled(this);
  }

  /** There may be room again. */
  wake(): void {
    this.queue.wake(this.consumer);
  }

  /** Leaves the queue. */
  end(): void {
    this.queue.removeConsumer(this.consumer);
  }
}
