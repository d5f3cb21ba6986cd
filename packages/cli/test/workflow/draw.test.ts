import type { WorkflowTree } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { drawMermaid } from '../../src/workflow/draw-mermaid.js';
import { drawText } from '../../src/workflow/draw-text.js';

const ALL = Number.POSITIVE_INFINITY;

const task = (id: string, name: string, state: WorkflowTree['state'] = 'success'): WorkflowTree => ({
  kind: 'task',
  id,
  task: name,
  state,
});
const group = (id: string, state: WorkflowTree['state'], children: readonly WorkflowTree[]): WorkflowTree => ({
  kind: 'group',
  id,
  state,
  children,
});

/** Pages are fetched and parsed side by side, then stored; one of them fails. */
const PAGES: WorkflowTree = {
  kind: 'chord',
  id: 'g1',
  state: 'failure',
  children: [
    group('g1', 'failure', [
      { kind: 'chain', id: 't2', state: 'success', children: [task('t1', 'fetch'), task('t2', 'parse')] },
      {
        kind: 'chain',
        id: 't4',
        state: 'failure',
        children: [
          { ...task('t3', 'fetch', 'failure'), errbacks: [task('t5', 'report', 'started')] },
          task('t4', 'parse', 'skipped'),
        ],
      },
    ]),
    { ...task('t6', 'store', 'failure'), callbacks: [task('t7', 'tell', 'skipped')] },
  ],
};

describe('a workflow as text', () => {
  it('is a table whose first column is the tree', () => {
    expect(drawText(PAGES, ALL)).toBe(
      [
        'WORKFLOW                        STATE    ID',
        'chord                           failure  g1',
        '├─ group, 1 of 2                failure  g1',
        '│  ├─ chain                     success',
        '│  │  ├─ fetch                  success  t1',
        '│  │  └─ parse                  success  t2',
        '│  └─ chain                     failure',
        '│     ├─ fetch                  failure  t3',
        '│     │  └─ on failure: report  started  t5',
        '│     └─ parse                  skipped  t4',
        '└─ store                        failure  t6',
        '   └─ then: tell                skipped  t7',
      ].join('\n'),
    );
  });

  it('has so many members of a group, what failed before others, and counts the rest', () => {
    const states = ['success', 'success', 'pending', 'pending', 'failure'] as const;
    const members = states.map((state, index) => task(`t${index}`, 'fetch', state));
    expect(drawText(group('g', 'failure', members), 2)).toBe(
      [
        'WORKFLOW                           STATE    ID',
        'group, 2 of 5                      failure  g',
        '├─ fetch                           success  t0',
        '├─ fetch                           failure  t4',
        '└─ … 3 more: 1 success, 2 pending',
      ].join('\n'),
    );
  });

  it('shows no control characters of names and ids', () => {
    expect(drawText(task('a\u001b[2J', 'b\r\n'), ALL).split('\n')).toEqual([
      'WORKFLOW  STATE    ID',
      'b\\r\\n     success  a\\x1b[2J',
    ]);
  });
});

describe('a workflow as a flow chart of Mermaid', () => {
  it('has a box for each task and group, and arrows to what follows', () => {
    const lines = drawMermaid(PAGES, ALL).split('\n');
    expect(lines.filter((line) => !line.includes('classDef'))).toEqual([
      'flowchart TD',
      '  subgraph n1["group, 1 of 2<br>failure"]',
      '    n2["fetch<br>success"]:::success',
      '    n3["parse<br>success"]:::success',
      '    n4["fetch<br>failure"]:::failure',
      '    n5["report<br>started"]:::running',
      '    n6["parse<br>skipped"]:::skipped',
      '  end',
      '  n7["store<br>failure"]:::failure',
      '  n8["tell<br>skipped"]:::skipped',
      '  n2 --> n3',
      '  n4 -. on failure .-> n5',
      '  n4 --> n6',
      '  n7 -. then .-> n8',
      '  n1 --> n7',
    ]);
    expect(lines.filter((line) => line.includes('classDef'))).toHaveLength(4);
  });

  it('writes no character of a name that means something to Mermaid', () => {
    expect(drawMermaid(task('t', 'a"]; click n1 "<b>#`&\\'), ALL)).toContain(
      'n1["a#34;]; click n1 #34;#60;b#62;#35;#96;#38;#92;<br>success"]:::success',
    );
  });

  it('draws a group without members, and counts those that it leaves out', () => {
    expect(drawMermaid(group('g', 'success', []), 20)).toContain('    n2["no members"]');
    const members = Array.from({ length: 30 }, (_, index) => task(`t${index}`, 'fetch'));
    expect(drawMermaid(group('g', 'success', members), 20)).toContain('    n22["… 10 more: 10 success"]');
  });
});
