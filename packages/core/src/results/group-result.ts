import type { GetOptions } from './async-result.js';

/**
 * A group that was sent.
 * @typeParam T the list of its members' results
 */
export interface GroupResult<T extends readonly unknown[]> {
  /** Of the group. */
  readonly id: string;
  /** Resolves when the broker has confirmed every call that starts it; rejects with the first `PublishError`. */
  readonly published: Promise<void>;
  /** Waits for all results, in the order of the members; rejects with what failed. */
  get(options?: GetOptions): Promise<T>;
  /** Gives all results up. */
  forget(): void;
}
