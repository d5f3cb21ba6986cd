import type { TaskProgress } from '../protocol/progress.js';

/** How to read a task's progress. */
export interface ProgressOptions {
  /** Ends the reading with code `result-aborted`, not the task. */
  readonly signal?: AbortSignal | undefined;
  /** Read although this is a task, which can deadlock a full pool. Default: false. */
  readonly allowInTask?: boolean | undefined;
}

/** What a reader needs of its result. */
export interface ProgressReading {
  readonly signal: AbortSignal | undefined;
  /** Keeps the process alive until the function that it returns is called. */
  readonly hold: () => () => void;
  /** What an aborted reading fails with. */
  readonly aborted: () => Error;
}

/** The newest that a task has said of its progress, for any number of readers; nothing older is kept for the slow ones. */
export class ProgressFeed {
  #latest: TaskProgress | undefined;
  /** How much was told, by which a reader knows whether there is news. */
  #told = 0;
  #ended = false;
  readonly #wakes = new Set<() => void>();

  push(progress: TaskProgress): void {
    this.#latest = progress;
    this.#told++;
    this.#wake();
  }

  /** The task begins anew: what it said before is nothing to a reader that comes now. */
  restart(): void {
    this.#latest = undefined;
  }

  /** The task has ended: readers get what they have not seen, and end. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** A reader for each iteration. */
  read(reading: ProgressReading): AsyncIterable<TaskProgress> {
    return { [Symbol.asyncIterator]: () => this.#reader(reading) };
  }

  /** As a generator would be, but that `return()` also ends a wait: a generator would let it wait for the next value. */
  #reader(reading: ProgressReading): AsyncIterableIterator<TaskProgress> {
    const leaving = new AbortController();
    const values = this.#values(reading, leaving.signal);
    const reader: AsyncIterableIterator<TaskProgress> = {
      next: () => values.next(),
      return: () => {
        leaving.abort();
        this.#wake();
        return values.return(undefined);
      },
      [Symbol.asyncIterator]: () => reader,
    };
    return reader;
  }

  async *#values(reading: ProgressReading, leaving: AbortSignal): AsyncGenerator<TaskProgress, undefined> {
    let seen = 0;
    while (!leaving.aborted) {
      const isNews = this.#told !== seen && this.#latest !== undefined;
      if (this.#ended && !isNews) return undefined;
      // Of a task that has ended, what is left is read all the same.
      if (reading.signal?.aborted && !this.#ended) throw reading.aborted();
      if (!isNews) {
        await this.#change(reading);
        continue;
      }
      seen = this.#told;
      yield this.#latest as TaskProgress;
    }
    return undefined;
  }

  /** Resolves when there may be something to read, or when the reading is to end. */
  async #change({ signal, hold }: ProgressReading): Promise<void> {
    const release = hold();
    let wake: () => void = () => undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      this.#wakes.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
    this.#wakes.delete(wake);
    signal?.removeEventListener('abort', wake);
    release();
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }
}
