import { PublishError } from '../errors.js';
import { MAX_NESTING } from '../protocol/canvas/shape.js';
import { type Lazy, type Step, stepOf } from '../protocol/canvas/wire-step.js';

/**
 * Refuses what no worker reads: the steps of a message stand in one another, and so do the bodies of the chords that its
 * tasks are members of.
 * @throws {PublishError} `invalid-option`
 */
export function requireNesting(root: Step): void {
  levelsOf(root, 0, 1);
}

/**
 * How many steps stand in one another in the text of a step.
 * @param body levels of the body that its terminals carry, where it is a member of a chord
 * @param depth in how many it stands itself
 */
function levelsOf(lazy: Lazy, body: number, depth: number): number {
  if (depth > MAX_NESTING) throw tooDeep();
  const step = stepOf(lazy);
  const inner = (steps: readonly Lazy[], carried: number) =>
    steps.reduce((most: number, one) => Math.max(most, levelsOf(one, carried, depth + 1)), 0);
  const levels = 1 + within(step, body, inner);
  if (depth + levels - 1 > MAX_NESTING) throw tooDeep();
  return levels;
}

function within(step: Step, body: number, inner: (steps: readonly Lazy[], carried: number) => number): number {
  switch (step.kind) {
    case 'task':
      return Math.max(inner(step.link, 0), inner(step.linkError, 0), body);
    case 'group':
      return inner(step.tasks, body);
    case 'chain':
      return Math.max(inner(step.tasks.slice(0, -1), 0), inner(step.tasks.slice(-1), body));
    case 'chord': {
      const own = inner([step.body], body);
      // A header is a group, which is one level more.
      return Math.max(own, 1 + inner(step.header, own));
    }
  }
}

function tooDeep(): PublishError {
  const text = `canvas: expected steps at most ${MAX_NESTING} levels in one another, found more. Each group that steps follow is a level of its own, and its body one more; put fewer into one canvas, and let its last task send the rest.`;
  return new PublishError('invalid-option', text);
}
