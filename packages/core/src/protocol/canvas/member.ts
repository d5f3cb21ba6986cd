import type { Embed } from './embed.js';
import { terminalsOf } from './enroll.js';
import type { Shape } from './shape.js';
import type { ChordOf, GroupPlace, Lazy } from './wire-step.js';

/** A task as the member of a chord. */
export interface Member {
  /** Of the chord; its queue is named after it. */
  readonly groupId: string;
  /** From 0 to `size` - 1. */
  readonly index: number;
  /** How many members the chord has. */
  readonly size: number;
  /** How their results make the body's list; undefined when that is flat. */
  readonly shape: readonly Shape[] | undefined;
  /** What is called with that list. */
  readonly body: Lazy;
  /** The task's id. */
  readonly taskId: string;
  /** The task's name. */
  readonly task: string;
}

/** What of a task says whether it is a member: its id, its name, and the place in a group that its headers say. */
export interface Placed {
  readonly id: string;
  readonly task: string;
  readonly group?: GroupPlace | undefined;
}

/** The task as the member of a chord; undefined when it is in none. Works for a message and for a call that is to be. */
export function memberOf(embed: Pick<Embed, 'chord'>, { id, task, group }: Placed): Member | undefined {
  if (embed.chord === undefined || group === undefined) return undefined;
  return member(embed.chord, group, { id, task });
}

function member(
  { size, shape, body }: ChordOf,
  { id: groupId, index }: GroupPlace,
  { id: taskId, task }: Placed,
): Member {
  return { groupId, index, size, shape, body, taskId, task };
}

/** The members of chords that a step would have ended in. */
export function membersIn(step: Lazy): Member[] {
  const members: Member[] = [];
  for (const { id, task, group, chord } of terminalsOf(step)) {
    // Those of a chord have ids: it was enrolled, or Celery fixed them.
    if (id !== undefined && group !== undefined && chord !== undefined)
      members.push(member(chord, group, { id, task }));
  }
  return members;
}
