import type { Awaited } from './replace.js';
import { type Lazy, stepOf } from './wire-step.js';

/**
 * Of steps that never run, one after the other, the first whose callers ask for replies: what comes after those, callers
 * know by them.
 */
export function nextHeardIn(steps: readonly Lazy[]): Awaited[] {
  for (const step of steps) {
    const heard = heardIn(step);
    if (heard.length > 0) return heard;
  }
  return [];
}

function heardIn(lazy: Lazy): Awaited[] {
  const step = stepOf(lazy);
  switch (step.kind) {
    case 'task': {
      const { id: taskId, options } = step;
      return taskId === undefined || options.ignoreResult === true ? [] : [{ taskId, replyTo: options.replyTo }];
    }
    case 'group':
      return step.tasks.flatMap(heardIn);
    case 'chord':
      return nextHeardIn([{ kind: 'group', id: step.id, tasks: step.header }, step.body]);
    case 'chain':
      return nextHeardIn(step.tasks);
  }
}
