import { describe, expect, it } from 'vitest';
import { afterFailedJoin, afterFailure, afterJoin, afterSuccess } from '../../../src/protocol/canvas/after.js';
import { NO_EMBED } from '../../../src/protocol/canvas/embed.js';
import { type ExpandedCall, type Expansion, expand } from '../../../src/protocol/canvas/expand.js';
import { type Member, memberOf } from '../../../src/protocol/canvas/member.js';
import type { Lazy } from '../../../src/protocol/canvas/wire-step.js';
import { chain, chord, group, task } from './canvases.js';

const told = ({ calls }: Expansion) => calls.map(({ step, value }) => [step.task, value]);
const FAILED = { id: 'x', failureText: '{"id":"x","task":"t"}' };
const membersOf = (step: Lazy): (Member | undefined)[] =>
  expand(step, {}).calls.map(({ step, embed }) => memberOf(embed, step));
const memberIn = (step: Lazy) => membersOf(step)[0] as Member;

describe('after a success', () => {
  it('the next step of the chain and every callback get the result', () => {
    const embed = {
      ...NO_EMBED,
      chain: [task('c'), task('b')],
      callbacks: [task('k'), group('g', task('l'), task('m'))],
    };
    const expansion = afterSuccess(embed, { id: 'a', resultText: '7' });
    expect(told(expansion)).toEqual(['b', 'k', 'l', 'm'].map((name) => [name, '7']));
    expect(expansion.calls[0]?.embed.chain).toEqual([task('c')]);
    expect(expansion.calls[1]?.embed.chain).toEqual([]);
  });

  it('steps without ids get the same ones whenever that is repeated', () => {
    const ids = () => {
      const embed = { ...NO_EMBED, chain: [task('b', { id: undefined })], callbacks: [task('k', { id: undefined })] };
      return afterSuccess(embed, { id: 'a', resultText: '7' }).calls.map(({ step }) => step.id);
    };
    expect(ids()).toEqual(ids());
    expect(new Set(ids()).size).toBe(2);
  });
});

describe('after a failure', () => {
  it('an errback gets the failure where it is tq’s, else the id, and nothing where it takes nothing', () => {
    const errbacks = [task('mine', { options: { takesFailure: true } }), task('e'), task('i', { immutable: true })];
    const { errbacks: calls, members } = afterFailure({ ...NO_EMBED, errbacks }, FAILED);
    expect(told(calls)).toEqual([
      ['mine', FAILED.failureText],
      ['e', '"x"'],
      ['i', '"x"'],
    ]);
    expect(members).toEqual([]);
  });

  it('the errbacks of what would have followed are not called', () => {
    const chained = [task('b', { linkError: [task('e')] })];
    expect(afterFailure({ ...NO_EMBED, chain: chained }, FAILED).errbacks.calls).toEqual([]);
  });

  it('the members that the rest of the chain would have ended in fall', () => {
    const header = chain(task('a'), task('b'), group('g', task('c'), chord('i', [task('h')], task('d'))));
    const { embed } = expand(chord('o', [header, task('f')], task('z')), {}).calls[0] as ExpandedCall;
    const fallen = afterFailure(embed, FAILED).members;
    expect(fallen.map(({ groupId, index, size, taskId }) => [groupId, index, size, taskId])).toEqual([
      ['o', 0, 3, 'c'],
      ['o', 1, 3, 'd'],
    ]);
  });
});

describe('a chord that joins', () => {
  it('calls its body with the results in their order, nested as its header is', () => {
    const member = memberIn(chord('o', [task('a'), group('g', task('b'), group('h')), task('c')], task('z')));
    const results = new Map([
      [2, '"c"'],
      [0, '18446744073709551616'],
      [1, '"b"'],
    ]);
    expect(told(afterJoin(member, results))).toEqual([['z', '[18446744073709551616,["b",[]],"c"]']]);
    expect(told(afterJoin(memberIn(chord('o', [task('a')], task('z'))), new Map([[0, '1']])))).toEqual([['z', '[1]']]);
  });

  it('or fails what its body would have started with, and runs the errbacks', () => {
    const body = chain(task('b', { linkError: [task('e')] }), task('c', { linkError: [task('f')] }));
    const { entries, errbacks, members } = afterFailedJoin(memberIn(chord('o', [task('a')], body)), FAILED);
    expect(entries.map(({ id }) => id)).toEqual(['b']);
    expect(told(errbacks)).toEqual([['e', '"x"']]);
    expect(members).toEqual([]);
  });

  it('takes the errbacks of a chord that is its body from that one’s body, and fails all it would have started', () => {
    const body = chord('i', [task('h'), task('k')], task('b', { linkError: [task('e')] }));
    const { entries, errbacks } = afterFailedJoin(memberIn(chord('o', [task('a')], body)), FAILED);
    expect(entries.map(({ id }) => id)).toEqual(['h', 'k']);
    expect(told(errbacks)).toEqual([['e', '"x"']]);
  });

  it('fails its body as the member of the chord around it', () => {
    const outer = chord('o', [task('x'), chord('i', [task('a')], task('b'))], task('z'));
    const inner = membersOf(outer).find((member) => member?.groupId === 'i') as Member;
    expect(afterFailedJoin(inner, FAILED).members).toMatchObject([
      { groupId: 'o', index: 1, size: 2, taskId: 'b', task: 'b' },
    ]);
  });
});

it('a task without a place in a group, or without a chord, is no member', () => {
  expect(membersOf(group('g', task('a')))).toEqual([undefined]);
  expect(memberOf({ chord: undefined }, { id: 'a', task: 'a', group: { id: 'g', index: 0 } })).toBeUndefined();
});
