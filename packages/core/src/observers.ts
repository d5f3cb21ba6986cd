/**
 * A small typed emitter: observers get what happened and cannot break it. One that throws, or whose promise rejects, is
 * reported, and the others and the caller go on.
 * @typeParam Events one key an event, `noun:verb`, with the type of what it carries
 */
export class Observers<Events extends object> {
  /** An entry for each time that somebody came, so that who came twice leaves once. */
  readonly #listeners = new Map<keyof Events, Set<{ readonly hear: (event: never) => unknown }>>();
  readonly #onError: (error: unknown, name: keyof Events) => void;

  /** @param onError told of an observer that failed, and of its event */
  constructor(onError: (error: unknown, name: keyof Events) => void) {
    this.#onError = onError;
  }

  /** Observes an event until the function that it returns is called. */
  on<K extends keyof Events>(name: K, listener: (event: Events[K]) => unknown): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    const entry = { hear: listener };
    this.#listeners.set(name, listeners.add(entry));
    return () => listeners.delete(entry);
  }

  /** Whether anybody listens: where something happens often, what nobody hears is not made. */
  has(name: keyof Events): boolean {
    const listeners = this.#listeners.get(name);
    return listeners !== undefined && listeners.size > 0;
  }

  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    for (const { hear } of this.#listeners.get(name) ?? []) {
      try {
        const returned = hear(event as never);
        if (returned instanceof Promise) returned.catch((error: unknown) => this.#onError(error, name));
      } catch (error) {
        this.#onError(error, name);
      }
    }
  }
}
