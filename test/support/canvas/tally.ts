/** Counts what runs. */
export class Tally {
  readonly counts = new Map<string, number>();

  readonly ran = (what: string): void => this.add(what, 1);

  add(what: string, count: number): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }

  /** As an object, in the order of the names, so that a difference is easy to read. */
  get sorted(): Record<string, number> {
    return Object.fromEntries([...this.counts].sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}
