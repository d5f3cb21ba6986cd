import { ConsumeChannel, type ConsumeChannelOptions, type Trouble } from '@tq/core/internal';

/**
 * The consumers of one queue, each on a channel of its own: one as a rule, one for each slot where tasks are long. The
 * queue is consumed while all of them are attached.
 */
export class QueueChannels {
  readonly #channels: readonly ConsumeChannel[];
  /** What was told last. */
  #told: 'attached' | 'detached' = 'detached';

  /** @param options of each channel; `onAttached` and `onDetached` are told of the queue */
  constructor(count: number, options: ConsumeChannelOptions) {
    const onAttached = () => {
      if (this.#told === 'attached' || !this.attached) return;
      this.#told = 'attached';
      options.onAttached?.();
    };
    const onDetached = (error: Error) => {
      if (this.#told === 'detached') return;
      this.#told = 'detached';
      options.onDetached?.(error);
    };
    this.#channels = Array.from({ length: count }, () => new ConsumeChannel({ ...options, onAttached, onDetached }));
  }

  get attached(): boolean {
    return this.#channels.every((channel) => channel.attached);
  }

  /** What went wrong last with one of them. */
  get trouble(): Trouble | undefined {
    return this.#channels.map(({ trouble }) => trouble).reduce(later, undefined);
  }

  /** Resolves when all of them are attached for the first time; rejects like the first that does. */
  async start(): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.start()));
  }

  /** Stops the intake. */
  async cancel(): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.cancel()));
  }

  /** Flushes the acks and closes the channels. */
  async close(): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.close()));
  }

  /** Asks the broker over each of them whether it still is one. */
  async verify(): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.verify()));
  }
}

function later(one: Trouble | undefined, other: Trouble | undefined): Trouble | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.time > one.time ? other : one;
}
