import type { ResultState } from './async-result.js';
import { treeOf, type WorkflowNode, type WorkflowTree } from './workflow-tree.js';

/**
 * A workflow that was sent: its shape, and what the replies of its tasks have told so far. It keeps no results, so that it
 * may outlive them.
 */
export class Workflow {
  readonly root: WorkflowNode;
  /** Of tasks that something was heard of. */
  readonly #states = new Map<string, ResultState>();

  constructor(root: WorkflowNode) {
    this.root = root;
  }

  /** To be told of every change. */
  readonly became = (taskId: string, state: ResultState): void => {
    this.#states.set(taskId, state);
  };

  /** The whole as it is known now, or a part of it. */
  tree(part: WorkflowNode = this.root): WorkflowTree {
    return treeOf(part, (id) => this.#states.get(id) ?? 'pending');
  }
}
