import type { Step } from '../protocol/canvas/wire-step.js';
import type { CallFacts } from '../results/async-result.js';
import type { Part } from '../task/canvas-part.js';

/** A canvas that cannot be sent, without what its steps would be called with: what its results are made of. */
export interface UnsentCanvas {
  readonly root: Step;
  /** Of all of its tasks, by id. */
  readonly facts: ReadonlyMap<string, CallFacts>;
}

const NONE: readonly never[] = Object.freeze([]);
const EMPTY = { args: '[]', kwargs: '{}', immutable: true, options: {}, link: NONE, linkError: NONE } as const;

/** Gives the steps of a canvas ids, whatever is wrong with it. */
export function unsentCanvas(part: Part, newId: () => string): UnsentCanvas {
  const facts = new Map<string, CallFacts>();
  const stepsOf = (parts: readonly Part[]) => parts.map(stepOf);
  const stepOf = (one: Part): Step => {
    const id = newId();
    switch (one.kind) {
      case 'task':
        facts.set(id, { id, task: one.task, queue: '', ignoreResult: false });
        return { kind: 'task', task: one.task, id, ...EMPTY };
      case 'chain':
        return { kind: 'chain', tasks: stepsOf(one.steps) };
      case 'group':
        return { kind: 'group', id, tasks: stepsOf(one.members) };
      case 'chord':
        return { kind: 'chord', id, header: stepsOf(one.header.members), body: stepOf(one.body) };
    }
  };
  return { root: stepOf(part), facts };
}
