import type { ChainStep, ChordStep, GroupStep, Lazy, TaskStep } from '../../../src/protocol/canvas/wire-step.js';

/** Steps as tests write them. */
export function task(name: string, more: Partial<TaskStep> = {}): TaskStep {
  const nothing = { args: '[]', kwargs: '{}', immutable: false, options: {}, link: [], linkError: [] };
  return { kind: 'task', task: name, id: name, ...nothing, ...more };
}

export function group(id: string, ...tasks: Lazy[]): GroupStep {
  return { kind: 'group', id, tasks };
}

export function chord(id: string, header: Lazy[], body: Lazy): ChordStep {
  return { kind: 'chord', id, header, body };
}

export function chain(...tasks: Lazy[]): ChainStep {
  return { kind: 'chain', tasks };
}
