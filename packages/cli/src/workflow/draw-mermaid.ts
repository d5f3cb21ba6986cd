import type { WorkflowTree } from '@tq/core';
import { plainText } from '../dead/plain-text.js';
import { membersOf, nameOf } from './members.js';

/** Longest text of a node, characters. */
const TEXT_LENGTH = 80;

/** How each state looks; what waits looks like nothing. */
const CLASSES = [
  'classDef success fill:#d7f2dc,stroke:#2e7d32,color:#1b3d20',
  'classDef failure fill:#fbd9d7,stroke:#c62828,color:#5a1210',
  'classDef running fill:#dbe9fb,stroke:#1565c0,color:#0d2f57',
  'classDef skipped fill:#eeeeee,stroke:#9e9e9e,color:#616161,stroke-dasharray:4 3',
];
const CLASS_OF: Readonly<Partial<Record<WorkflowTree['state'], string>>> = {
  success: 'success',
  failure: 'failure',
  revoked: 'failure',
  unknown: 'failure',
  received: 'running',
  started: 'running',
  retry: 'running',
  skipped: 'skipped',
};

/**
 * Draws a workflow as a flow chart of Mermaid's: a box for each task and each group, an arrow to what follows.
 * @param limit members of a group that are drawn
 */
export function drawMermaid(tree: WorkflowTree, limit: number): string {
  const lines: string[] = [];
  const arrows: string[] = [];
  let count = 0;
  const newNode = () => `n${++count}`;

  /** @returns the node that arrows lead to and from */
  const draw = (one: WorkflowTree, indent: string): { readonly first: string; readonly last: string } => {
    if (one.kind === 'chain' || one.kind === 'chord') return drawInTurn(one.children ?? [], indent);
    const node = newNode();
    if (one.kind === 'group') drawGroup(one, node, indent);
    else drawTask(one, node, indent);
    return { first: node, last: node };
  };

  const drawInTurn = (parts: readonly WorkflowTree[], indent: string) => {
    const drawn = parts.map((part) => draw(part, indent));
    for (const [index, { first }] of drawn.entries()) {
      const before = drawn[index - 1];
      if (before !== undefined) arrows.push(`  ${before.last} --> ${first}`);
    }
    return { first: drawn[0]?.first ?? '', last: drawn.at(-1)?.last ?? '' };
  };

  const drawGroup = (group: WorkflowTree, node: string, indent: string) => {
    const { shown, rest } = membersOf(group, limit);
    lines.push(`${indent}subgraph ${node}["${labelOf(group)}"]`);
    for (const one of shown) draw(one, `${indent}  `);
    if (rest !== '') lines.push(`${indent}  ${newNode()}["… ${labelText(rest)}"]`);
    // A subgraph of nothing is none.
    if (shown.length === 0) lines.push(`${indent}  ${newNode()}["no members"]`);
    lines.push(`${indent}end`);
  };

  const drawTask = (task: WorkflowTree, node: string, indent: string) => {
    const look = CLASS_OF[task.state];
    lines.push(`${indent}${node}["${labelOf(task)}"]${look === undefined ? '' : `:::${look}`}`);
    for (const one of task.callbacks ?? []) arrows.push(`  ${node} -. then .-> ${draw(one, indent).first}`);
    for (const one of task.errbacks ?? []) arrows.push(`  ${node} -. on failure .-> ${draw(one, indent).first}`);
  };

  draw(tree, '  ');
  return ['flowchart TD', ...lines, ...arrows, ...CLASSES.map((line) => `  ${line}`)].join('\n');
}

function labelOf(tree: WorkflowTree): string {
  return `${labelText(nameOf(tree))}<br>${tree.state}`;
}

/** Text as a quoted label takes it, whatever is in it: Mermaid's entities are `#NUMBER;`. */
function labelText(text: string): string {
  return plainText(text, TEXT_LENGTH).replace(/[#"&<>`\\]/g, (character) => `#${character.charCodeAt(0)};`);
}
