/** What an entry of a queue takes beside its bytes: objects and their places in lists, measured. */
const ENTRY_OVERHEAD = 512;
/** The alarm ends below this share of the limit, so that it does not flap with every message. */
const CLEAR_SHARE = 0.9;

/** Called when the alarm begins or ends. */
export type AlarmListener = (blocked: boolean) => void;

/**
 * Counts the bytes of all messages in all queues, and raises an alarm over a limit. A message in several queues counts
 * once for each of them: an upper bound.
 */
export class MemoryGauge {
  readonly limit: number;
  readonly #listeners = new Set<AlarmListener>();
  #used = 0;
  #blocked = false;

  /** @param limit bytes */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes. */
  get used(): number {
    return this.#used;
  }

  /** Publishers have to wait. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Calls back at the next begin or end of the alarm, and so on until `unwatch`. */
  watch(listener: AlarmListener): void {
    this.#listeners.add(listener);
  }

  unwatch(listener: AlarmListener): void {
    this.#listeners.delete(listener);
  }

  /** @param bytes of a message that entered a queue */
  add(bytes: number): void {
    this.#used += bytes + ENTRY_OVERHEAD;
    if (!this.#blocked && this.#used > this.limit) this.#turn(true);
  }

  /** @param bytes of a message that left a queue */
  remove(bytes: number): void {
    this.#used -= bytes + ENTRY_OVERHEAD;
    if (this.#blocked && this.#used <= this.limit * CLEAR_SHARE) this.#turn(false);
  }

  #turn(blocked: boolean): void {
    this.#blocked = blocked;
    for (const listener of [...this.#listeners]) listener(blocked);
  }
}
