/**
 * Work that waits for the end of a turn of the event loop, so that what many messages cause is done once: frames are
 * written together, confirms are joined. What is put off during the run is done in the same run.
 */
export class Turn {
  readonly #onError: (error: unknown) => void;
  #tasks: (() => void)[] = [];

  /** @param onError called with what a task throws, which is of no concern to the others */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** The caller makes sure to put the same thing off only once a turn. */
  defer(task: () => void): void {
    if (this.#tasks.push(task) === 1) setImmediate(() => this.#run());
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
  }
}
