// @ts-check

/**
 * Draws a workflow, a line for each part: its name and its state.
 * @param {import('@tq/core').WorkflowTree} tree
 * @returns {string}
 */
export function drawTree({ kind, task = kind, state, children = [] }, indent = '') {
  const lines = children.map((child) => drawTree(child, `${indent}  `));
  return [`${indent}${task}: ${state}`, ...lines].join('\n');
}
