import type { ResultState } from './result-state.js';

/** How the parts of a workflow go together: one after the other, side by side, or side by side with one task after all of them. */
export type WorkflowKind = 'chain' | 'group' | 'chord';

/** One task of a workflow, with what is called after it. */
export interface WorkflowTask {
  readonly kind: 'task';
  readonly id: string;
  /** Its name. */
  readonly task: string;
  /** What is called with its result beside what follows (`link`). Absent where there is nothing. */
  readonly callbacks?: readonly WorkflowNode[] | undefined;
  /** What is called when it fails (`linkError`). Absent where there is nothing. */
  readonly errbacks?: readonly WorkflowNode[] | undefined;
}

/** Several parts of one. A chord's are its header, a group, and its body. */
export interface WorkflowParts {
  readonly kind: WorkflowKind;
  /** Of a group and a chord its own; of a chain that of its last task. */
  readonly id: string;
  readonly children: readonly WorkflowNode[];
}

/** The shape of a workflow, which is fixed when it is sent: what it consists of, and the ids. */
export type WorkflowNode = WorkflowTask | WorkflowParts;

/**
 * A workflow as plain data: its shape, with what is known of each part. JSON has a word for all of it.
 * The state of several parts is `success` when all of them are, `failure` or `revoked` when one is, and the least that is
 * known otherwise.
 */
export interface WorkflowTree {
  /** One task, or how the parts go together. */
  readonly kind: 'task' | WorkflowKind;
  /** Of a task, a group or a chord its own; of a chain that of its last task. */
  readonly id: string;
  /** Name of the task, of one that is none of several parts. */
  readonly task?: string;
  /** What its replies have told so far; `pending` for what nothing was heard of. */
  readonly state: ResultState;
  /** The parts: of a chain in their order, of a group by their number, of a chord its header, a group, and its body. */
  readonly children?: readonly WorkflowTree[];
  /** What is called with the task's result beside what follows (`link`). */
  readonly callbacks?: readonly WorkflowTree[];
  /** What is called when the task fails (`linkError`). */
  readonly errbacks?: readonly WorkflowTree[];
}

/** The tree of a workflow, or of a part of one. */
export function treeOf(node: WorkflowNode, stateOf: (taskId: string) => ResultState): WorkflowTree {
  const treesOf = (nodes: readonly WorkflowNode[]) => nodes.map((one) => treeOf(one, stateOf));
  if (node.kind !== 'task') {
    const children = treesOf(node.children);
    return { kind: node.kind, id: node.id, state: stateOfParts(children), children };
  }
  const { kind, id, task, callbacks = [], errbacks = [] } = node;
  return {
    ...{ kind, id, task, state: stateOf(id) },
    ...(callbacks.length > 0 && { callbacks: treesOf(callbacks) }),
    ...(errbacks.length > 0 && { errbacks: treesOf(errbacks) }),
  };
}

/** The ids by which a workflow is known: of its tasks, groups and chords. */
export function* idsOf(node: WorkflowNode): Generator<string> {
  if (node.kind !== 'chain') yield node.id;
  const below = node.kind === 'task' ? [...(node.callbacks ?? []), ...(node.errbacks ?? [])] : node.children;
  for (const one of below) yield* idsOf(one);
}

/** Whether nothing of it is to come any more; of what is only called after a failure nobody knows whether it will be. */
export function hasEnded({ state, children, callbacks = [] }: WorkflowTree): boolean {
  if (children !== undefined) return children.every(hasEnded);
  if (state === 'success') return callbacks.every(hasEnded);
  return ENDS.has(state);
}

/** States that do not change any more. */
export const ENDS: ReadonlySet<ResultState> = new Set(['success', 'failure', 'revoked', 'skipped', 'unknown']);
/** One of them decides what the whole is. */
const DECIDING: readonly ResultState[] = ['failure', 'revoked', 'unknown'];
/** They are the state of the whole when they are that of every part. */
const COMMON: readonly ResultState[] = ['success', 'skipped', 'pending'];

function stateOfParts(parts: readonly WorkflowTree[]): ResultState {
  const states = new Set(parts.map(({ state }) => state));
  const deciding = DECIDING.find((state) => states.has(state));
  if (deciding !== undefined) return deciding;
  if (states.size === 0) return 'success';
  const common = COMMON.find((state) => states.size === 1 && states.has(state));
  if (common !== undefined) return common;
  return [...states].every((state) => state === 'published' || state === 'pending') ? 'published' : 'started';
}
