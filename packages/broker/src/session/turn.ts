/**
 * Work that waits for the end of a turn of the event loop, so that what many messages cause is done once: frames are
 * written together, confirms are joined. What is put off during the run is done in the same run.
 */
export class Turn {
  readonly #onError: (error: unknown) => void;
  #state: 'idle' | 'open' = 'idle';
  #tasks: (() => void)[] = [];

  /** @param onError called with what a task throws, which is of no concern to the others */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /**
   * Gives the end of this turn its place in the loop, before anything else that is put off from now on: clients get their
   * deliveries before the store turns to the disk.
   */
  open(): void {
    if (this.#state === 'open') return;
    this.#state = 'open';
    setImmediate(() => this.#run());
  }

  /** The caller makes sure to put the same thing off only once a turn. */
  defer(task: () => void): void {
    this.#tasks.push(task);
    this.open();
  }

  #run(): void {
    for (let index = 0; index < this.#tasks.length; index++) {
      try {
        this.#tasks[index]?.();
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#tasks = [];
    this.#state = 'idle';
  }
}
