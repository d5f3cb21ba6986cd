import type { Lease } from '@tq/core/internal';
import { Run } from '../run.js';

/**
 * Which members of one group are in this worker, so that of those that reply here only the last looks whether the chord is
 * complete.
 *
 * Whoever leaves the look to another one relies on a delivery of the same channel: where the broker has taken that back, to
 * be run and acked elsewhere, it has taken back its own as well.
 */
export class Companions {
  readonly #groups = new Map<string, Set<Run>>();

  /** A run waits or goes on. */
  add(run: Run): void {
    const id = run.task.group?.id;
    if (id === undefined) return;
    const runs = this.#groups.get(id);
    if (runs === undefined) this.#groups.set(id, new Set([run]));
    else runs.add(run);
  }

  /** A run will reply no more. */
  remove(run: Run): void {
    const id = run.task.group?.id;
    if (id !== undefined) this.#remove(run, id);
  }

  /**
   * A run has replied, itself or for a task that can never run.
   * @returns whether another member of the group is held by the same channel and has yet to reply, which looks after that
   */
  areLeftBy(lease: Lease, groupId: string): boolean {
    if (!(lease instanceof Run)) return false;
    this.#remove(lease, groupId);
    for (const other of this.#groups.get(groupId) ?? []) if (lease.sharesChannelWith(other)) return true;
    return false;
  }

  #remove(run: Run, id: string): void {
    const runs = this.#groups.get(id);
    if (runs?.delete(run) === true && runs.size === 0) this.#groups.delete(id);
  }
}
