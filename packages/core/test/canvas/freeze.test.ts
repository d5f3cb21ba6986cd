import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { chain } from '../../src/canvas/chain.js';
import { chord } from '../../src/canvas/chord.js';
import { stepOf, textOf } from '../../src/protocol/canvas/wire-step.js';
import { errorOf, freezing, outline, tasksOf } from './freezing.js';

const { group } = freezing();

describe('the normal form of a canvas', () => {
  it('keeps chains flat, and makes a chord of a group that steps follow', () => {
    const { fib, text, sum, open, root } = freezing();
    expect(outline(root(chain(fib.s(1), text.s())))).toBe('chain(fib text)');
    expect(outline(root(chain(chain(fib.s(1), fib.s()), chain(fib.s(), text.s()))))).toBe('chain(fib fib fib text)');
    expect(outline(root(chain(fib.s(1))))).toBe('fib');
    expect(outline(root(chain(fib.s(1), group(fib.s(), fib.s()))))).toBe('chain(fib group(fib fib))');
    expect(outline(root(chain(fib.s(1), group(fib.s(), fib.s()), sum.s())))).toBe('chain(fib chord(fib fib | sum))');
    expect(outline(root(chain(group([fib.s(1)]), sum.s(), fib.s(), text.s())))).toBe(
      'chord(fib | chain(sum fib text))',
    );
    expect(outline(root(chain(group([fib.s(1)]), group([sum.s()]), sum.s(), open.s())))).toBe(
      'chord(fib | chord(sum | chain(sum open)))',
    );
  });

  it('makes what follows a chord part of its body, groups at the end of that included', () => {
    const { fib, text, sum, open, root } = freezing();
    const joined = chord([fib.s(1), fib.s(2)], sum.s());
    expect(outline(root(chain(joined, text.s())))).toBe('chord(fib fib | chain(sum text))');
    const fanned = chord([fib.s(1)], chain(sum.s(), group(fib.s(), text.s())));
    expect(outline(root(fanned))).toBe('chord(fib | chain(sum group(fib text)))');
    expect(outline(root(chain(fanned, open.s())))).toBe('chord(fib | chain(sum chord(fib text | open)))');
    expect(outline(root(chord(group([fib.s(1)]), chain(group(sum.s(), sum.s()), open.s()))))).toBe(
      'chord(fib | chord(sum sum | open))',
    );
  });

  it('keeps groups and chords in groups where they are', () => {
    const { fib, text, sum, root } = freezing();
    const nested = group(group(fib.s(1), text.s(1)), chain(fib.s(1), text.s()), chord([fib.s(1)], sum.s()), fib.s(2));
    expect(outline(root(nested))).toBe('group(group(fib text) chain(fib text) chord(fib | sum) fib)');
    expect(outline(root(group()))).toBe('group()');
    expect(outline(root(chord([], sum.si([]))))).toBe('chord( | sum)');
  });

  it('goes over the wire and back', () => {
    const { fib, sum, failed, root } = freezing();
    const frozen = root(
      chain(fib.s(1).linkError(failed), group(fib.s(), fib.s()), sum.s().set({ priority: 3 })).link(fib.s()),
    );
    const again = stepOf(textOf(frozen));
    expect(textOf(again)).toBe(textOf(frozen));
    expect(outline(again)).toBe('chain(fib chord(fib fib | sum))');
  });
});

describe('ids', () => {
  it('are new with every freeze, one for each task and group', () => {
    const { fib, sum, root } = freezing();
    const canvas = chord([fib.s(1), fib.s(1)], sum.s());
    const ids = [root(canvas), root(canvas)].flatMap((step) => [
      ...tasksOf(step).map(({ id }) => id),
      step.kind === 'chord' ? step.id : undefined,
    ]);
    expect(new Set(ids).size).toBe(8);
    expect(ids).not.toContain(undefined);
  });

  it('are those that were given, of single tasks and once each', () => {
    const { fib, freeze, root } = freezing();
    const one = fib.s().set({ taskId: 'one' });
    expect(tasksOf(root(chain(fib.s(1), one))).map(({ id }) => id)[1]).toBe('one');
    expect(tasksOf(root(fib.s(1), [], { taskId: 'two' }))[0]?.id).toBe('two');
    expect(errorOf(() => freeze(group(one, one), [1]))).toBe(
      "group member 2 ('fib'): taskId: expected each id once, found 'one' twice.",
    );
    expect(errorOf(() => freeze(chain(fib.s(1), fib.s()), [], { taskId: 'two' }))).toBe(
      'canvas: taskId: expected none of what has several tasks, found one; give it to one signature with set().',
    );
    const given = { taskId: 'x' } as object;
    expect(errorOf(() => freeze(group(group(fib.s(1)), chain(fib.s(1), fib.s()).set(given))))).toBe(
      'group member 2: taskId: expected none of what has several tasks, found one; give it to one signature with set().',
    );
  });

  it('of what is called on failure are made of those that fail: several may call it', () => {
    const { fib, failed, root } = freezing();
    const [first, second] = tasksOf(root(chain(fib.s(1), fib.s()).linkError(failed)));
    expect(first?.linkError.map((step) => stepOf(step))).toMatchObject([{ task: 'failed', id: undefined }]);
    expect(second?.linkError).toEqual(first?.linkError);
  });
});

describe('arguments', () => {
  it('are those of the signature, after what the canvas is started with where it is not immutable', () => {
    const { add, fib, sum, root } = freezing();
    const args = (...order: Parameters<typeof root>) => tasksOf(root(...order)).map((step) => step.args);
    expect(args(add.s(2), [1])).toEqual(['[1,2]']);
    expect(args(add.s(1, 2))).toEqual(['[1,2]']);
    expect(args(chain(add.s(2), add.s(3)), [1])).toEqual(['[1,2]', '[3]']);
    expect(args(group(add.s(2), add.si(8, 9), chain(fib.s(), add.s(3))), [1])).toEqual([
      '[1,2]',
      '[8,9]',
      '[1]',
      '[3]',
    ]);
    expect(args(chord(group([fib.s(), fib.s()]), sum.s()), [5])).toEqual(['[5]', '[5]', '[]']);
    expect(tasksOf(root(chain(fib.s(1), add.si(1, 2)))).map(({ immutable }) => immutable)).toEqual([false, true]);
  });

  it('are written as those of a call are, and refused by name', () => {
    const { open, fib, root, freeze } = freezing();
    expect(tasksOf(root(open.s(new Date(0))))[0]?.args).toContain('datetime');
    expect(tasksOf(root(open.s(undefined)))[0]?.args).toBe('[]');
    expect(errorOf(() => freeze(chain(fib.s(1), open.si([1, () => 1]))))).toMatch(
      /^chain step 2 \('open'\): args\[0\]\[1\]: expected .* found a function/,
    );
    const celery = freezing({ preset: 'celery' });
    expect(errorOf(() => celery.freeze(celery.open.s(new Map())))).toMatch(/^'open': args\[0\]: /);
  });

  it('are kept with their schema for whoever sends the first steps', () => {
    const { task, freeze } = freezing();
    const schema = z.tuple([z.number(), z.number()]);
    const checked = task('checked', (n: number, more: number) => n + more, { args: schema });
    const [first, second] = tasksOf(freeze(chain(checked.s(2), checked.s(3)), [1]).root);
    expect(first?.source).toEqual({ args: [1, 2], schema });
    expect(second?.source).toEqual({ args: [3], schema });
  });

  it('of a map are the items, for the task of Celery that runs the handler for each', () => {
    const { fib, add, root } = freezing();
    const call = (task: string) => ({ task, args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false });
    const [mapped, starred] = [fib.map([1, 2]), add.starmap([[1, 2]])].map((canvas) => tasksOf(root(canvas))[0]);
    expect(mapped).toMatchObject({ task: 'celery.map', args: '[]', immutable: true, options: { queue: 'tq' } });
    expect(JSON.parse(mapped?.kwargs ?? '')).toEqual({ task: call('fib'), it: [1, 2] });
    expect(starred?.task).toBe('celery.starmap');
    expect(JSON.parse(starred?.kwargs ?? '')).toEqual({ task: call('add'), it: [[1, 2]] });
    const chunks = root(
      add.chunks(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        2,
      ),
    );
    expect(outline(chunks)).toBe('group(celery.starmap celery.starmap)');
    expect(tasksOf(chunks).map(({ kwargs }) => JSON.parse(kwargs).it)).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [[5, 6]],
    ]);
  });
});
