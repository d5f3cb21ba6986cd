import { describe, expect, it } from 'vitest';
import { mergeCall, overlay } from '../../src/task/merge-call.js';

const KEYS = Object.keys(mergeCall({}, {}));
const without = (key: string) => KEYS.filter((other) => other !== key);

describe.each(KEYS)("a call's %s", (key) => {
  it("is its own where it has one, and its task's where it has none", () => {
    const [own, task] = [{ [key]: { its: 'own' } }, { [key]: { its: 'task' } }];
    expect(mergeCall({}, own)).toMatchObject(own);
    expect(mergeCall(task, {})).toMatchObject(task);
    expect(mergeCall(task, { [key]: undefined })).toMatchObject(task);
    expect(mergeCall(task, own)).toMatchObject(own);
  });

  it('says nothing of its other options', () => {
    const merged: Record<string, unknown> = { ...mergeCall({ [key]: { its: 'task' } }, { [key]: { its: 'own' } }) };
    expect(without(key).filter((other) => merged[other] !== undefined)).toEqual([]);
  });
});

it('the options of all calls have one shape', () => {
  expect(Object.keys(mergeCall({ queue: 'mail' }, { eta: new Date(0), priority: 1 }))).toEqual(KEYS);
});

describe('options over others', () => {
  it('say what they say, and leave the rest', () => {
    const under = { queue: 'a', priority: 1, headers: { a: 'a', b: 'a' } };
    expect(overlay(under, { priority: 2, headers: { b: 'b' }, retry: undefined })).toEqual({
      queue: 'a',
      priority: 2,
      headers: { a: 'a', b: 'b' },
    });
    expect(overlay(under, { queue: undefined })).toBe(under);
    expect(under).toEqual({ queue: 'a', priority: 1, headers: { a: 'a', b: 'a' } });
  });

  it('replace where a call goes, and when it starts, as a whole', () => {
    expect(overlay({ exchange: 'x', routingKey: 'k' }, { queue: 'q' })).toEqual({ queue: 'q' });
    expect(overlay({ queue: 'q' }, { exchange: 'x' })).toEqual({ exchange: 'x' });
    expect(overlay({ countdown: 5, priority: 1 }, { eta: new Date(0) })).toEqual({ eta: new Date(0), priority: 1 });
  });
});
