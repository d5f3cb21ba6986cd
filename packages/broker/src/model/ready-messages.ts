import { Deque } from './deque.js';
import { EntryHeap } from './entry-heap.js';
import type { QueueEntry } from './queue-entry.js';

/** Where what came back waits: by position on classic queues, in the order of coming back on quorum queues. */
interface Returned extends Iterable<QueueEntry> {
  readonly size: number;
  peek(): QueueEntry | undefined;
  push(entry: QueueEntry): void;
  shift(): QueueEntry | undefined;
  clear(): void;
}

/** The messages of one priority. */
interface Level {
  readonly fresh: Deque<QueueEntry>;
  /** Delivered once and given back: before all fresh ones, since only the front of a queue is ever delivered. */
  readonly returned: Returned;
}

/** The messages of a queue that wait for delivery, in the order in which they will be delivered. */
export class ReadyMessages {
  /** By priority; one level unless the queue has priorities. */
  readonly #levels: readonly Level[];
  #count = 0;
  #bodyBytes = 0;

  /** @param returnOrder where given-back messages go: `position`, their old place, or `arrival`, behind those that came back before */
  constructor(maxPriority: number, returnOrder: 'position' | 'arrival') {
    this.#levels = Array.from({ length: maxPriority + 1 }, () => ({
      fresh: new Deque<QueueEntry>(),
      returned: returnOrder === 'position' ? new EntryHeap() : new Deque<QueueEntry>(),
    }));
  }

  get count(): number {
    return this.#count;
  }

  /** Sum of the bodies' sizes. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** Adds a message that was never delivered. */
  push(entry: QueueEntry): void {
    this.#level(entry).fresh.push(entry);
    this.#count += 1;
    this.#bodyBytes += entry.bodySize;
  }

  /** Puts back a message that had been taken. */
  giveBack(entry: QueueEntry): void {
    this.#level(entry).returned.push(entry);
    this.#count += 1;
    this.#bodyBytes += entry.bodySize;
  }

  /** The next message, left where it is. */
  peek(): QueueEntry | undefined {
    const level = this.#first();
    return level && (level.returned.peek() ?? level.fresh.peek());
  }

  /** Takes the next message. */
  shift(): QueueEntry | undefined {
    const level = this.#first();
    const entry = level && (level.returned.shift() ?? level.fresh.shift());
    if (entry === undefined) return undefined;
    this.#count -= 1;
    this.#bodyBytes -= entry.bodySize;
    return entry;
  }

  /** Empties the list and returns what was in it, in no particular order. */
  takeAll(): QueueEntry[] {
    const all = this.#levels.flatMap(({ fresh, returned }) => [...returned, ...fresh]);
    for (const { fresh, returned } of this.#levels) {
      fresh.clear();
      returned.clear();
    }
    this.#count = 0;
    this.#bodyBytes = 0;
    return all;
  }

  #level(entry: QueueEntry): Level {
    return this.#levels[entry.priority] as Level;
  }

  /** The highest level that has messages. */
  #first(): Level | undefined {
    if (this.#count === 0) return undefined;
    for (let index = this.#levels.length - 1; index >= 0; index--) {
      const level = this.#levels[index] as Level;
      if (level.fresh.size > 0 || level.returned.size > 0) return level;
    }
    return undefined;
  }
}
