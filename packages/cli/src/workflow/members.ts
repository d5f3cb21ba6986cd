import type { WorkflowTree } from '@tq/core';
import { assertNever } from '@tq/core/internal';

/** The parts of a group that are drawn, and what is said of the others. */
export interface Members {
  readonly shown: readonly WorkflowTree[];
  /** Empty where all are drawn: `80 more: 60 success, 20 pending`. */
  readonly rest: string;
}

/** At most `limit` parts of a tree: those that failed before others, all in their order. */
export function membersOf({ kind, children = [] }: WorkflowTree, limit: number): Members {
  if (kind !== 'group' || children.length <= limit) return { shown: children, rest: '' };
  const chosen = new Set([...children.filter(isTrouble), ...children.filter((one) => !isTrouble(one))].slice(0, limit));
  const hidden = children.filter((one) => !chosen.has(one));
  return { shown: children.filter((one) => chosen.has(one)), rest: `${hidden.length} more: ${countStates(hidden)}` };
}

/** What a part is called: its task, or the kind of what it consists of. */
export function nameOf(tree: WorkflowTree): string {
  const { kind, task = '', children = [] } = tree;
  switch (kind) {
    case 'task':
      return task;
    case 'group':
      return `group, ${children.filter(({ state }) => state === 'success').length} of ${children.length}`;
    case 'chain':
    case 'chord':
      return kind;
    default:
      return assertNever(kind);
  }
}

function isTrouble({ state }: WorkflowTree): boolean {
  return state === 'failure' || state === 'revoked' || state === 'unknown';
}

function countStates(trees: readonly WorkflowTree[]): string {
  const counts = new Map<string, number>();
  for (const { state } of trees) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}
