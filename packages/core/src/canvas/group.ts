import type { AnyCanvas, Group, HeadOf, OutOf, PrevOf } from '../task/canvas.js';
import { type CanvasHost, type GroupPart, partOf, requirePart } from '../task/canvas-part.js';
import { CanvasValue } from '../task/canvas-value.js';
import { NO_CALL_OPTIONS } from '../task/merge-call.js';

/** What the result before a group may be: what all its members take. */
export type PrevOfAll<C> = (C extends unknown ? (takes: PrevOf<C>) => void : never) extends (takes: infer P) => void
  ? P
  : never;

/** Whether a group can come first: when all its members can. */
export type HeadOfAll<C> = false extends HeadOf<C> ? false : true;

/** The results of members: a tuple where they are one, else an array. */
export type OutOfAll<S extends readonly unknown[]> = number extends S['length']
  ? OutOf<S[number]>[]
  : { -readonly [K in keyof S]: OutOf<S[K]> };

/** `group(…)`. */
export interface MakeGroup {
  /**
   * Puts members side by side: each gets the result before the group, unless it is immutable. Its result is the list of
   * theirs, in their order; a member that is a group gives a list in it.
   * @throws {TqError} `invalid-option` when one is no part of a canvas
   */
  <const S extends readonly AnyCanvas[]>(members: S): Group<PrevOfAll<S[number]>, OutOfAll<S>, HeadOfAll<S[number]>>;
  /** The same of members that are given one by one. */
  <const S extends readonly AnyCanvas[]>(...members: S): Group<PrevOfAll<S[number]>, OutOfAll<S>, HeadOfAll<S[number]>>;
}

/**
 * Makes `group`.
 * @param host who sends a group without a task in it
 */
export function groupOn(host: () => CanvasHost): MakeGroup {
  return ((...given: readonly AnyCanvas[] | [readonly AnyCanvas[]]) =>
    new CanvasValue(groupPart(membersOf(given), 'group member', host))) as unknown as MakeGroup;
}

function membersOf(given: readonly AnyCanvas[] | [readonly AnyCanvas[]]): readonly AnyCanvas[] {
  const [first] = given;
  return given.length === 1 && Array.isArray(first) ? first : (given as readonly AnyCanvas[]);
}

/** @param where names a member in an error's text, before its number */
function groupPart(members: readonly AnyCanvas[], where: string, host: (() => CanvasHost) | undefined): GroupPart {
  const parts = members.map((member, index) => requirePart(member, `${where} ${index + 1}`));
  return { kind: 'group', members: parts, host, options: NO_CALL_OPTIONS, link: [], linkError: [] };
}

/** The group that stands for a chord's header: one, or a list of members. */
export function headerPart(header: AnyCanvas | readonly AnyCanvas[]): GroupPart | undefined {
  if (Array.isArray(header)) return groupPart(header, 'chord header member', undefined);
  const part = partOf(header);
  return part?.kind === 'group' ? part : undefined;
}
