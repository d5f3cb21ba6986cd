import { type Step, stepOf } from '../protocol/canvas/wire-step.js';

/** Ids of the chords in whose headers a step stands, the outermost first. */
export type Around = readonly string[];

const NONE: Around = Object.freeze([]);

/**
 * Says for each task of a canvas in which chords it is: what starts in a header needs the queues of all of them, since they
 * are declared by whoever publishes that.
 */
export function chordsAround(root: Step): ReadonlyMap<string, Around> {
  const found = new Map<string, Around>();
  const visit = (step: Step, around: Around): void => {
    switch (step.kind) {
      case 'task':
        if (around !== NONE) found.set(step.id as string, around);
        return;
      case 'chord': {
        const inside = [...around, step.id as string];
        for (const member of step.header) visit(stepOf(member), inside);
        visit(stepOf(step.body), around);
        return;
      }
      default:
        for (const task of step.tasks) visit(stepOf(task), around);
    }
  };
  visit(root, NONE);
  return found;
}
