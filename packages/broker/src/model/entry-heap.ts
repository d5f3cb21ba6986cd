import type { QueueEntry } from './queue-entry.js';

/** Entries that the one with the lowest position leaves first: a binary heap. */
export class EntryHeap {
  readonly #heap: QueueEntry[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): QueueEntry | undefined {
    return this.#heap[0];
  }

  push(entry: QueueEntry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as QueueEntry;
      if (above.position <= entry.position) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  shift(): QueueEntry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length > 0 && last !== undefined) this.#sink(last);
    return first;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  [Symbol.iterator](): Iterator<QueueEntry> {
    return this.#heap[Symbol.iterator]();
  }

  /** Puts an entry at the top and lets it down to its place. */
  #sink(entry: QueueEntry): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && right.position < (heap[child] as QueueEntry).position) child += 1;
      const below = heap[child] as QueueEntry;
      if (below.position >= entry.position) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = entry;
  }
}
