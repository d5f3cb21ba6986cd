const FIRST_CAPACITY = 8;

/** A queue on a ring buffer: adding at the end and taking from the front cost the same at every length. */
export class Deque<T> {
  #ring: (T | undefined)[] = new Array(FIRST_CAPACITY);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first element, left where it is; undefined when there is none. */
  peek(): T | undefined {
    return this.#ring[this.#head];
  }

  push(element: T): void {
    if (this.#size === this.#ring.length) this.#resize(this.#size * 2);
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = element;
    this.#size += 1;
  }

  /** Takes the first element; undefined when there is none. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const element = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size -= 1;
    // What a million elements took is given back once few of them are left.
    if (this.#ring.length > 1_024 && this.#size < this.#ring.length / 8) this.#resize(this.#ring.length / 4);
    return element;
  }

  /** Drops all elements but those that `wanted` says yes to; costs a walk over all. */
  keep(wanted: (element: T) => boolean): void {
    const kept = [...this].filter(wanted);
    this.clear();
    for (const element of kept) this.push(element);
  }

  clear(): void {
    this.#ring = new Array(FIRST_CAPACITY);
    this.#head = 0;
    this.#size = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let index = 0; index < this.#size; index++) {
      yield this.#ring[(this.#head + index) & (this.#ring.length - 1)] as T;
    }
  }

  /** @param capacity a power of two, not below the size */
  #resize(capacity: number): void {
    const ring: (T | undefined)[] = new Array(capacity);
    const mask = this.#ring.length - 1;
    for (let index = 0; index < this.#size; index++) ring[index] = this.#ring[(this.#head + index) & mask];
    this.#ring = ring;
    this.#head = 0;
  }
}
