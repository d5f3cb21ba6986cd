import { assertNever } from '../errors.js';
import { type Lazy, stepOf } from '../protocol/canvas/wire-step.js';
import { Workflow } from './workflow.js';
import type { WorkflowNode } from './workflow-tree.js';

/** A canvas as a workflow: its steps have their ids, and nothing is heard of any of them. It keeps no arguments. */
export function workflowOf(root: Lazy): Workflow {
  return new Workflow(nodeOf(root));
}

function nodeOf(lazy: Lazy): WorkflowNode {
  const step = stepOf(lazy);
  switch (step.kind) {
    case 'task': {
      const { id, task, link, linkError } = step;
      const callbacks = link.length === 0 ? undefined : link.map(nodeOf);
      const errbacks = linkError.length === 0 ? undefined : linkError.map(nodeOf);
      return { kind: 'task', id: id as string, task, callbacks, errbacks };
    }
    case 'chain': {
      const children = step.tasks.map(nodeOf);
      return { kind: 'chain', id: (children.at(-1) as WorkflowNode).id, children };
    }
    case 'group':
      return groupOf(step.id, step.tasks);
    case 'chord': {
      const header = groupOf(step.id, step.header);
      return { kind: 'chord', id: header.id, children: [header, nodeOf(step.body)] };
    }
    default:
      return assertNever(step);
  }
}

function groupOf(id: string | undefined, members: readonly Lazy[]): WorkflowNode {
  return { kind: 'group', id: id as string, children: members.map(nodeOf) };
}
