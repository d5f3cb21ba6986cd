import { TqError, type WorkerSubscription } from '@tq/core/internal';
import { QueueConsumer, type QueueConsumerOptions } from './consumer.js';
import type { Source } from './source.js';

/**
 * All that a worker consumes: its queues from the beginning, and what its tasks subscribe to once a pool has loaded them.
 *
 *   open ─ stop() ─> stopped ─ close() ─> closed
 */
export class Consumers implements Iterable<QueueConsumer> {
  readonly #options: QueueConsumerOptions;
  readonly #all: QueueConsumer[] = [];
  #state: 'open' | 'stopped' = 'open';

  constructor(options: QueueConsumerOptions) {
    this.#options = options;
  }

  [Symbol.iterator](): Iterator<QueueConsumer> {
    return this.#all.values();
  }

  /** What comes beside the queues, and from which queue of its own. */
  get subscriptions(): readonly WorkerSubscription[] {
    return this.#all.flatMap(({ subscription: name, queue }) => (name === undefined ? [] : { name, queue }));
  }

  add(sources: readonly Source[]): void {
    this.#all.push(...sources.map((source) => new QueueConsumer(source, this.#options)));
  }

  /** Resolves when every queue is consumed for the first time. */
  async start(): Promise<void> {
    if (this.#state !== 'open') throw new TqError('worker-stopped', 'The worker was stopped while it started.');
    await Promise.all(this.#all.map((consumer) => consumer.start()));
  }

  /** Takes no more. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    await Promise.all(this.#all.map((consumer) => consumer.stop()));
  }

  /** Flushes acks and closes what is consumed on. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((consumer) => consumer.close()));
  }

  /** Asks the broker whether it still delivers. */
  async verify(): Promise<void> {
    await Promise.all(this.#all.map((consumer) => consumer.verify()));
  }
}
