import { describe, expect, it } from 'vitest';
import type { ResultState } from '../../src/results/result-state.js';
import { Workflow } from '../../src/results/workflow.js';
import { readWorkflowAnswer } from '../../src/results/workflow-answer.js';
import { hasEnded, idsOf, type WorkflowNode } from '../../src/results/workflow-tree.js';
import * as canvas from './canvas.js';
import { openCanvas } from './canvas.js';

const task = (id: string): WorkflowNode => ({ kind: 'task', id, task: `task-${id}` });

/** Two chains side by side, and a task after both. */
const PAGES: WorkflowNode = {
  kind: 'chord',
  id: 'g',
  children: [
    {
      kind: 'group',
      id: 'g',
      children: [
        { kind: 'chain', id: 'b', children: [task('a'), task('b')] },
        { kind: 'chain', id: 'd', children: [task('c'), task('d')] },
      ],
    },
    { kind: 'task', id: 'e', task: 'store', callbacks: [task('f')], errbacks: [task('x')] },
  ],
};

function grown(states: Readonly<Record<string, ResultState>>) {
  const workflow = new Workflow(PAGES);
  for (const [id, state] of Object.entries(states)) workflow.became(id, state);
  return workflow.tree();
}

describe('the tree of a workflow', () => {
  it('has the shape of the workflow, and what was heard of each part', () => {
    const tree = grown({ a: 'success', b: 'started', c: 'published' });
    expect(tree).toEqual({
      kind: 'chord',
      id: 'g',
      state: 'started',
      children: [
        {
          kind: 'group',
          id: 'g',
          state: 'started',
          children: [
            {
              kind: 'chain',
              id: 'b',
              state: 'started',
              children: [
                { kind: 'task', id: 'a', task: 'task-a', state: 'success' },
                { kind: 'task', id: 'b', task: 'task-b', state: 'started' },
              ],
            },
            {
              kind: 'chain',
              id: 'd',
              state: 'published',
              children: [
                { kind: 'task', id: 'c', task: 'task-c', state: 'published' },
                { kind: 'task', id: 'd', task: 'task-d', state: 'pending' },
              ],
            },
          ],
        },
        {
          kind: 'task',
          id: 'e',
          task: 'store',
          state: 'pending',
          callbacks: [{ kind: 'task', id: 'f', task: 'task-f', state: 'pending' }],
          errbacks: [{ kind: 'task', id: 'x', task: 'task-x', state: 'pending' }],
        },
      ],
    });
    expect(JSON.parse(JSON.stringify(tree))).toEqual(tree);
  });

  it.each([
    [{}, 'pending'],
    [{ a: 'published', c: 'published' }, 'published'],
    [{ a: 'success' }, 'started'],
    [{ a: 'success', b: 'success', c: 'success', d: 'success', e: 'success' }, 'success'],
    [{ a: 'success', c: 'failure', d: 'skipped', e: 'failure' }, 'failure'],
    [{ a: 'revoked', b: 'skipped', e: 'skipped' }, 'revoked'],
    [{ a: 'unknown', c: 'success' }, 'unknown'],
    [{ a: 'skipped', b: 'skipped', c: 'skipped', d: 'skipped', e: 'skipped' }, 'skipped'],
  ] as const)('after %j the whole is %s', (states, whole) => {
    expect(grown(states).state).toBe(whole);
  });

  it('of a group without members is a success', () => {
    expect(new Workflow({ kind: 'group', id: 'g', children: [] }).tree()).toEqual({
      ...{ kind: 'group', id: 'g', state: 'success', children: [] },
    });
  });

  it('has ended when nothing is to come, whatever is called only after a failure', () => {
    const all = { a: 'success', b: 'success', c: 'success', d: 'success', e: 'success' } as const;
    expect(hasEnded(grown(all))).toBe(false);
    expect(hasEnded(grown({ ...all, f: 'success' }))).toBe(true);
    expect(hasEnded(grown({ a: 'failure', b: 'skipped', c: 'success', d: 'started', e: 'failure' }))).toBe(false);
    expect(hasEnded(grown({ a: 'failure', b: 'skipped', c: 'success', d: 'success', e: 'failure' }))).toBe(true);
  });

  it('is known by the ids of its tasks, groups and chords', () => {
    expect(new Set(idsOf(PAGES))).toEqual(new Set(['g', 'a', 'b', 'c', 'd', 'e', 'f', 'x']));
  });
});

describe('the tree of what a canvas gives', () => {
  const pages = () =>
    openCanvas(
      canvas.chord(
        'g',
        [canvas.chain(canvas.task('a'), canvas.task('b')), canvas.task('c')],
        canvas.task('e', { link: [canvas.task('f')], linkError: [canvas.task('x')] }),
      ),
      ['a', 'c'],
    );
  const leaf = (id: string, state: ResultState) => ({ kind: 'task', id, task: id, state });

  it('is the whole canvas, from whichever result it is asked', () => {
    const { result, succeed } = pages();
    succeed('a');
    const tree = result.tree();
    expect(tree).toEqual({
      ...{ kind: 'chord', id: 'g', state: 'started' },
      children: [
        {
          ...{ kind: 'group', id: 'g', state: 'started' },
          children: [
            { kind: 'chain', id: 'b', state: 'started', children: [leaf('a', 'success'), leaf('b', 'pending')] },
            leaf('c', 'pending'),
          ],
        },
        { ...leaf('e', 'pending'), callbacks: [leaf('f', 'pending')], errbacks: [leaf('x', 'pending')] },
      ],
    });
    expect(result.parent?.tree()).toEqual(tree);
  });

  it('tells what failed and what is skipped', () => {
    const { result, fail, succeed } = pages();
    fail('a');
    succeed('c');
    expect(result.tree()).toMatchObject({
      state: 'failure',
      children: [
        {
          state: 'failure',
          children: [{ children: [{ state: 'failure' }, { state: 'skipped' }] }, { state: 'success' }],
        },
        { state: 'skipped', callbacks: [{ state: 'skipped' }] },
      ],
    });
    expect(hasEnded(result.tree())).toBe(true);
  });
});

describe('an answer for a workflow', () => {
  it('is read as it was written', () => {
    const tree = grown({ a: 'success' });
    expect(readWorkflowAnswer(JSON.parse(JSON.stringify({ tree, program: 'here:1' })))).toEqual(tree);
  });

  it.each([
    null,
    [],
    'text',
    { tree: null },
    { tree: {} },
    { tree: { kind: 'task', id: 'a', state: 'success' } },
    { tree: { kind: 'group', id: 'a', task: 'b', state: 'success', children: [] } },
    { tree: { kind: 'task', id: 'a', task: 'b', state: 'happy' } },
    { tree: { kind: 'group', id: 'a', state: 'success', children: 'none' } },
    { tree: { kind: 'group', id: 'a', state: 'success', children: [null] } },
  ])('that is none is refused: %j', (answer) => {
    expect(() => readWorkflowAnswer(answer)).toThrow(expect.objectContaining({ code: 'poison' }));
  });

  it('whose tree has no end is refused', () => {
    let tree: object = { kind: 'group', id: 'a', state: 'success', children: [] };
    for (let level = 0; level < 5_000; level++) tree = { kind: 'group', id: 'a', state: 'success', children: [tree] };
    expect(() => readWorkflowAnswer({ tree })).toThrow(/more than 1000 levels/);
  });

  it('that says why there is none throws that', () => {
    expect(() => readWorkflowAnswer({ error: 'too large' })).toThrow(
      expect.objectContaining({ code: 'message-too-large', message: 'too large' }),
    );
  });
});
