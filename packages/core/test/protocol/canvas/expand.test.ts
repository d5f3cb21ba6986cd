import { describe, expect, it } from 'vitest';
import { bodyTextOf, type Expansion, expand } from '../../../src/protocol/canvas/expand.js';
import { type Lazy, stepOf, textOf } from '../../../src/protocol/canvas/wire-step.js';
import { UNDEFINED_RESULT } from '../../../src/protocol/reply.js';
import { chain, chord, group, task } from './canvases.js';

const idsOf = ({ calls }: Expansion) => calls.map(({ step }) => step.id);
const taskOf = (lazy: Lazy | undefined) => {
  const step = stepOf(lazy as Lazy);
  return step.kind === 'task' ? step.task : step.kind;
};

describe('expand', () => {
  it('calls a task with what came before and what comes after', () => {
    const { calls, chords } = expand(task('a'), { value: '1', rest: [task('c'), task('b')] });
    expect(calls).toMatchObject([{ step: { id: 'a' }, value: '1' }]);
    expect(calls[0]?.embed.chain.map(taskOf)).toEqual(['c', 'b']);
    expect(chords).toEqual([]);
  });

  it('calls the first step of a chain, also of one in a chain, and the rest rides along in reverse', () => {
    const { calls } = expand(chain(chain(task('a'), task('b')), task('c')), { rest: [task('d')] });
    expect(calls.map(({ step }) => step.id)).toEqual(['a']);
    expect(calls[0]?.embed.chain.map(taskOf)).toEqual(['d', 'c', 'b']);
  });

  it('calls all of a group with the same value', () => {
    const expansion = expand(group('g', task('a'), chain(task('b'), task('c'))), { value: '7' });
    expect(idsOf(expansion)).toEqual(['a', 'b']);
    expect(expansion.calls.map(({ value }) => value)).toEqual(['7', '7']);
    expect(expansion.chords).toEqual([]);
  });

  it('makes a chord of a group that something comes after', () => {
    const { calls, chords } = expand(chain(group('g', task('a'), task('b')), task('c'), task('d')), {});
    expect(chords).toEqual([{ id: 'g', size: 2, countdown: 0, eta: undefined }]);
    expect(calls.map(({ step }) => step.group)).toEqual([
      { id: 'g', index: 0 },
      { id: 'g', index: 1 },
    ]);
    expect(taskOf(calls[0]?.embed.chord?.body)).toBe('chain');
    expect(calls[0]?.embed.chain).toEqual([]);
  });

  it('waits for what comes before a group of nothing: a collector gives its empty list', () => {
    const { calls, chords } = expand(chord('o', [chain(task('a'), group('g'))], task('z')), {});
    expect(chords).toMatchObject([{ id: 'o', size: 1 }]);
    const [end] = calls[0]?.embed.chain ?? [];
    expect(end).toMatchObject({ task: 'celery.accumulate', args: '[[]]', kwargs: '{"index":0}', group: { index: 0 } });
    expect(idsOf(expand(chord('o', [chord('p', [group('q')], group('r'))], task('z')), {}))).toEqual(['z']);
  });

  it('makes members of the tasks that a header step ends in, wherever they stand', () => {
    const header = [
      chain(task('a'), task('b')),
      group('g', task('c'), group('h', task('d'))),
      chord('i', [task('e')], task('f')),
    ];
    const { calls, chords } = expand(chord('o', header, task('z')), {});
    expect(calls.map(({ step, embed }) => [step.id, step.group?.id, step.group?.index, embed.chord?.size])).toEqual([
      ['a', undefined, undefined, undefined],
      ['c', 'o', 1, 4],
      ['d', 'o', 2, 4],
      ['e', 'i', 0, 1],
    ]);
    expect(calls[0]?.embed.chain).toMatchObject([{ id: 'b', group: { id: 'o', index: 0 }, chord: { size: 4 } }]);
    expect(calls[1]?.embed.chord?.shape).toEqual([0, [1, [2]], 3]);
    expect(calls[3]?.embed.chord?.body).toMatchObject({ id: 'f', group: { id: 'o', index: 3 } });
    expect(chords.map(({ id, size }) => [id, size])).toEqual([
      ['o', 4],
      ['i', 1],
    ]);
  });

  it('goes on with the body of a chord without members at once', () => {
    expect(expand(chord('c', [], task('z')), { value: '9' })).toMatchObject({ calls: [{ value: '[]' }], chords: [] });
    expect(expand(chord('c', [group('g')], task('z')), {}).calls).toMatchObject([{ value: '[[]]' }]);
    expect(expand(chain(group('g'), task('z')), {}).calls).toMatchObject([{ step: { id: 'z' }, value: '[]' }]);
    expect(expand(group('g'), {})).toEqual({ calls: [], chords: [] });
  });

  it('says how long the members of a chord wait at most', () => {
    const waits = (name: string, options: object) => task(name, { options });
    const header = [
      chain(waits('a', { countdown: 5_000 }), waits('b', { countdown: 2_000 })),
      textOf(waits('c', { countdown: 6_000 })),
      chord('i', [waits('d', { countdown: 1_000, eta: 77 })], waits('e', { countdown: 500 })),
    ];
    expect(expand(chord('o', header, waits('z', { countdown: 90_000 })), {}).chords[0]).toEqual({
      ...{ id: 'o', size: 3, countdown: 7_000, eta: 77 },
    });
  });

  it('derives the ids that steps do not have, the same each time', () => {
    const twice = [1, 2].map(() =>
      idsOf(expand(group('g', task('a', { id: undefined }), task('b', { id: undefined })), { parent: 'p' })),
    );
    expect(twice[0]).toEqual(twice[1]);
    expect(new Set(twice.flat()).size).toBe(2);
    const others = idsOf(expand(group('g', task('a', { id: undefined })), { parent: 'q' }));
    expect(twice.flat()).not.toContain(others[0]);
  });
});

describe('bodyTextOf', () => {
  const bodyOf = (more: object, value: string | undefined, preset: 'tq' | 'celery' = 'tq') => {
    const [call] = expand(task('a', more), { value }).calls;
    return call && bodyTextOf(call, preset);
  };

  it('puts what came before first, unless the step takes nothing of it', () => {
    expect(bodyOf({ args: '[2, 3]', kwargs: '{"k":1}' }, '18446744073709551616')).toBe(
      '[[18446744073709551616,2, 3],{"k":1},{}]',
    );
    expect(bodyOf({ args: ' [ ] ' }, '1')).toBe('[[1],{},{}]');
    expect(bodyOf({ args: '[2]' }, undefined)).toBe('[[2],{},{}]');
    expect(bodyOf({ args: '[2]', immutable: true }, '1')).toBe('[[2],{},{}]');
  });

  it('gives Python null where tq says undefined', () => {
    expect(bodyOf({}, UNDEFINED_RESULT)).toBe(`[[${UNDEFINED_RESULT}],{},{}]`);
    expect(bodyOf({}, UNDEFINED_RESULT, 'celery')).toContain('[[null],{},{"callbacks":null');
  });
});
