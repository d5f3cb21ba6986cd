import { TqError } from '../errors.js';
import type { ResultState } from './result-state.js';
import { ENDS, type WorkflowTree } from './workflow-tree.js';

const KINDS: ReadonlySet<unknown> = new Set(['task', 'chain', 'group', 'chord']);
const STATES: ReadonlySet<unknown> = new Set<ResultState>([
  ...ENDS,
  ...(['pending', 'published', 'received', 'started', 'retry'] as const),
]);
/** Deeper than workflows are, and no danger to the stack. */
const MAX_DEPTH = 1_000;

/**
 * Reads what a program answered that was asked for a workflow (`encodeWorkflowAnswer`); anybody may have.
 * @throws {TqError} `poison` when it is no answer; `message-too-large` when the tree is larger than a message may be
 */
export function readWorkflowAnswer(value: unknown): WorkflowTree {
  const { tree, error } = (value ?? {}) as { readonly tree?: unknown; readonly error?: unknown };
  if (typeof error === 'string') throw new TqError('message-too-large', error);
  return readTree(tree, 0);
}

function readTree(value: unknown, depth: number): WorkflowTree {
  if (depth > MAX_DEPTH) throw noTree(`more than ${MAX_DEPTH} levels`);
  if (typeof value !== 'object' || value === null) throw noTree(value === null ? 'null' : typeof value);
  const { kind, id, task, state, children, callbacks, errbacks } = value as Record<string, unknown>;
  if (!KINDS.has(kind) || typeof id !== 'string' || !STATES.has(state))
    throw noTree('a part without kind, id or state');
  if ((kind === 'task') !== (typeof task === 'string'))
    throw noTree(`a ${String(kind)} that names no task as it should`);
  return {
    ...({ kind, id, state } as Pick<WorkflowTree, 'kind' | 'id' | 'state'>),
    ...(kind === 'task' && { task: task as string }),
    ...(children !== undefined && { children: readTrees(children, depth + 1) }),
    ...(callbacks !== undefined && { callbacks: readTrees(callbacks, depth + 1) }),
    ...(errbacks !== undefined && { errbacks: readTrees(errbacks, depth + 1) }),
  };
}

function readTrees(value: unknown, depth: number): WorkflowTree[] {
  if (!Array.isArray(value)) throw noTree('parts that are no list');
  const trees: WorkflowTree[] = [];
  for (const one of value) trees.push(readTree(one, depth));
  return trees;
}

function noTree(found: string): TqError {
  return new TqError('poison', `Expected the tree of a workflow, found ${found}.`);
}
