import { assertNever } from '../errors.js';
import { idOf } from '../protocol/canvas/expand.js';
import { type Lazy, stepOf } from '../protocol/canvas/wire-step.js';
import { Workflow } from './workflow.js';
import type { WorkflowNode } from './workflow-tree.js';

/** A canvas as a workflow: its steps have their ids, and nothing is heard of any of them. It keeps no arguments. */
export function workflowOf(root: Lazy): Workflow {
  return new Workflow(nodeOf(root, ''));
}

/** @param path from which a worker makes the id of what is called on failure: that of the task, and its place there */
function nodeOf(lazy: Lazy, path: string): WorkflowNode {
  const step = stepOf(lazy);
  switch (step.kind) {
    case 'task': {
      const { task, link, linkError } = step;
      const id = idOf(step, path);
      const callbacks = link.length === 0 ? undefined : link.map((one) => nodeOf(one, ''));
      const errbacks =
        linkError.length === 0 ? undefined : linkError.map((one, index) => nodeOf(one, `${id}/errbacks/${index}`));
      return { kind: 'task', id, task, callbacks, errbacks };
    }
    case 'chain': {
      const children = step.tasks.map((one) => nodeOf(one, ''));
      return { kind: 'chain', id: (children.at(-1) as WorkflowNode).id, children };
    }
    case 'group':
      return groupOf(step.id, step.tasks);
    case 'chord': {
      const header = groupOf(step.id, step.header);
      return { kind: 'chord', id: header.id, children: [header, nodeOf(step.body, '')] };
    }
    default:
      return assertNever(step);
  }
}

function groupOf(id: string | undefined, members: readonly Lazy[]): WorkflowNode {
  return { kind: 'group', id: id as string, children: members.map((one) => nodeOf(one, '')) };
}
