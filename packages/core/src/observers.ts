/**
 * A small typed emitter: observers get what happened and cannot break it. One that throws is reported, and the others
 * and the caller go on.
 * @typeParam Events one key an event, `noun:verb`, with the type of what it carries
 */
export class Observers<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();
  readonly #onError: (error: unknown) => void;

  /** @param onError told of an observer that threw */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Observes an event until the function that it returns is called. */
  on<K extends keyof Events>(name: K, listener: (event: Events[K]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(event as never);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
