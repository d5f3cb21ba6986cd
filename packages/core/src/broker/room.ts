/** What is kept of messages at once, bytes; what is beyond stays at the broker until these are done with. */
const MAX_KEPT_BYTES = 32 * 1_024 * 1_024;
/** Of a value beside its text, and of its place in a table. */
const VALUE_BYTES = 32;

/** Room in memory for some of the messages of a queue, in their order: the first that does not fit ends it. */
export class Room {
  #bytes = 0;
  #full = false;

  /** True when something did not fit. */
  get full(): boolean {
    return this.#full;
  }

  /** Takes room for what is kept of a message: errors and foreign headers can be most of it. One fits whatever its size. */
  take(...parts: readonly unknown[]): boolean {
    const bytes = weigh(parts);
    this.#full ||= this.#bytes > 0 && this.#bytes + bytes > MAX_KEPT_BYTES;
    if (this.#full) return false;
    this.#bytes += bytes;
    return true;
  }
}

/** About how many bytes a value takes. */
function weigh(value: unknown): number {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return VALUE_BYTES + value.length;
  if (typeof value !== 'object' || value === null) return VALUE_BYTES;
  return Object.values(value).reduce((sum: number, member) => sum + weigh(member), VALUE_BYTES);
}
