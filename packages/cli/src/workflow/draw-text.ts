import type { WorkflowTree } from '@tq/core';
import { type Column, formatColumns } from '../columns.js';
import { plainText } from '../dead/plain-text.js';
import { membersOf, nameOf } from './members.js';

const COLUMNS: readonly Column[] = [{ title: 'WORKFLOW' }, { title: 'STATE' }, { title: 'ID' }];
/** Longest name of a task and longest id, characters. */
const TEXT_LENGTH = 80;

/** What hangs below a part: another one by the way that leads to it, or what is said of those that are not drawn. */
type Branch = { readonly way: string; readonly tree: WorkflowTree } | { readonly text: string };

/**
 * Draws a workflow as a table whose first column is the tree.
 * @param limit members of a group that are drawn
 */
export function drawText(tree: WorkflowTree, limit: number): string {
  const rows: string[][] = [];
  const draw = (branch: Branch, stem: string, below: string) => {
    if ('text' in branch) {
      rows.push([`${stem}… ${branch.text}`]);
      return;
    }
    const { tree: one, way } = branch;
    // A chain has no id of its own.
    const id = one.kind === 'chain' ? '' : plainText(one.id, TEXT_LENGTH);
    rows.push([`${stem}${way}${plainText(nameOf(one), TEXT_LENGTH)}`, one.state, id]);
    const branches = branchesOf(one, limit);
    branches.forEach((next, index) => {
      const last = index === branches.length - 1;
      draw(next, `${below}${last ? '└─ ' : '├─ '}`, `${below}${last ? '   ' : '│  '}`);
    });
  };
  draw({ way: '', tree }, '', '');
  return formatColumns(COLUMNS, rows);
}

function branchesOf(tree: WorkflowTree, limit: number): Branch[] {
  const { shown, rest } = membersOf(tree, limit);
  const { callbacks = [], errbacks = [] } = tree;
  return [
    ...shown.map((one) => ({ way: '', tree: one })),
    ...(rest === '' ? [] : [{ text: rest }]),
    ...callbacks.map((one) => ({ way: 'then: ', tree: one })),
    ...errbacks.map((one) => ({ way: 'on failure: ', tree: one })),
  ];
}
