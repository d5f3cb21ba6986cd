import { createDeferred, type Deferred } from '../deferred.js';
import type { PublishListener } from './transport.js';

/**
 * A message on its way: awaited, it resolves when the broker has confirmed it and rejects with a `PublishError`. One that
 * fails and that nobody awaits is logged, and the app emits `publish:failed`.
 */
export interface Publication extends PromiseLike<void> {
  /** The message's own, `message_id` on the wire. */
  readonly id: string;
}

/** The one implementation of {@link Publication}; the transport tells it how the publish ended. */
export class PendingPublication implements Publication, PublishListener {
  readonly id: string;
  readonly #unobserved: (error: Error) => void;
  #end: 'pending' | 'confirmed' | Error = 'pending';
  /** Made when somebody awaits it: most messages of a burst have none. */
  #observed: Deferred | undefined;

  /** @param unobserved is told of a failure that nobody awaits */
  constructor(id: string, unobserved: (error: Error) => void) {
    this.id = id;
    this.#unobserved = unobserved;
  }

  confirmed(): void {
    if (this.#end !== 'pending') return;
    this.#end = 'confirmed';
    this.#observed?.resolve();
  }

  failed(error: Error): void {
    if (this.#end !== 'pending') return;
    this.#end = error;
    if (this.#observed !== undefined) this.#observed.reject(error);
    // `await` looks at what it was given in a later microtask, and a refusal may come before that.
    else
      queueMicrotask(() => {
        if (this.#observed === undefined) this.#unobserved(error);
      });
  }

  // biome-ignore lint/suspicious/noThenProperty: it is awaited, and a promise that nobody awaits would end the process.
  then<T = void, E = never>(
    // biome-ignore lint/suspicious/noConfusingVoidType: as PromiseLike has it.
    onConfirmed?: ((value: void) => T | PromiseLike<T>) | null,
    onFailed?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<T | E> {
    return this.#observe().promise.then(onConfirmed, onFailed);
  }

  #observe(): Deferred {
    if (this.#observed === undefined) {
      this.#observed = createDeferred();
      if (this.#end === 'confirmed') this.#observed.resolve();
      else if (this.#end !== 'pending') this.#observed.reject(this.#end);
    }
    return this.#observed;
  }
}
