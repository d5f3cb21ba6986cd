import { type ChordReply, type HeldReply, type JsonText, readChordReply } from '@tq/core/internal';
import type { FailedMember } from './chord-failure.js';

/** The replies of a chord's header, sorted. */
export interface SortedReplies {
  /** Members that have replied. */
  readonly count: number;
  /** Of those that have succeeded, by index. */
  readonly results: ReadonlyMap<number, JsonText>;
  /** Of those that have not the one that came first. */
  readonly failed: FailedMember | undefined;
  /** Second ones of a member, which ran twice, and what is no reply of a member at all. */
  readonly surplus: readonly HeldReply[];
}

/**
 * Sorts what a chord's queue had, oldest first: of each member the first reply counts.
 * @param size how many members there are
 */
export function sortReplies(held: readonly HeldReply[], size: number): SortedReplies {
  const first = new Map<number, ChordReply>();
  const surplus: HeldReply[] = [];
  for (const one of held) {
    const reply = readChordReply(one);
    if (reply === undefined || reply.index >= size || first.has(reply.index)) surplus.push(one);
    else first.set(reply.index, reply);
  }
  const results = new Map<number, JsonText>();
  let failed: FailedMember | undefined;
  for (const [index, { taskId, task, outcome }] of first) {
    if (outcome.kind === 'success') results.set(index, outcome.resultText);
    else failed ??= { taskId, task, failure: outcome.failure };
  }
  return { count: first.size, results, failed, surplus };
}
