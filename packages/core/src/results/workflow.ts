import type { ResultState } from './result-state.js';
import { treeOf, type WorkflowNode, type WorkflowTree } from './workflow-tree.js';

/** What is known of a workflow that was sent. */
export interface WorkflowStates {
  /** To be told of every change. */
  became(taskId: string, state: ResultState): void;
  /** The whole as it is known now. */
  tree(): WorkflowTree;
}

/**
 * A workflow that was sent: its shape, and what the replies of its tasks have told so far. It keeps no results, so that it
 * may outlive them.
 */
export class Workflow implements WorkflowStates {
  readonly root: WorkflowNode;
  /** Of tasks that something was heard of. */
  readonly #states = new Map<string, ResultState>();

  constructor(root: WorkflowNode) {
    this.root = root;
  }

  became(taskId: string, state: ResultState): void {
    this.#states.set(taskId, state);
  }

  tree(): WorkflowTree {
    return treeOf(this.root, (id) => this.#states.get(id) ?? 'pending');
  }
}
