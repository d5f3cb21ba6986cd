import type { Failed } from '../protocol/canvas/after.js';
import type { JsonText } from '../protocol/canvas/json-text.js';
import type { Member } from '../protocol/canvas/member.js';
import type { FinalState } from '../protocol/reply.js';

/** How a member of a chord ended. */
export type MemberEnd = MemberSuccess | MemberFailure;

export interface MemberSuccess {
  readonly kind: 'success';
  readonly resultText: JsonText;
}

/** It failed, was revoked, or can never run. */
export interface MemberFailure {
  readonly kind: 'failure';
  /** What whoever waits for the chord's body is told. */
  readonly state: FinalState;
  /** What the errbacks are told. */
  readonly failed: Failed;
}

/** What a chord comes to whose members have all ended: all their results by index, or the first failure. */
export type Joined = { readonly results: ReadonlyMap<number, JsonText> } | { readonly failure: MemberFailure };

/** The chords of an eager app whose members have not all ended: what a chord's queue is on a broker. */
export class EagerChords {
  readonly #ends = new Map<string, Map<number, MemberEnd>>();

  /**
   * A member has ended; the first time counts.
   * @returns what the chord comes to, with its last member
   */
  ended({ groupId, index, size }: Member, end: MemberEnd): Joined | undefined {
    const ends = this.#ends.get(groupId) ?? new Map<number, MemberEnd>();
    this.#ends.set(groupId, ends);
    if (ends.has(index)) return undefined;
    ends.set(index, end);
    if (ends.size < size) return undefined;
    this.#ends.delete(groupId);
    return joinedOf(ends);
  }
}

function joinedOf(ends: ReadonlyMap<number, MemberEnd>): Joined {
  const results = new Map<number, JsonText>();
  for (const [index, end] of ends) {
    if (end.kind === 'failure') return { failure: end };
    results.set(index, end.resultText);
  }
  return { results };
}
