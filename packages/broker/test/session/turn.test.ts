import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Turn } from '../../src/session/turn.js';

function scene() {
  const errors: unknown[] = [];
  const done: string[] = [];
  const turn = new Turn((error) => errors.push(error));
  return { errors, done, turn };
}

describe('work that was put off', () => {
  it('is done at the end of the turn, in order', async () => {
    const { done, turn } = scene();
    turn.defer(() => done.push('a'));
    turn.defer(() => done.push('b'));
    expect(done).toEqual([]);
    await setImmediate();
    expect(done).toEqual(['a', 'b']);
  });

  it('is done in the same turn when work that was put off puts it off', async () => {
    const { done, turn } = scene();
    turn.defer(() => turn.defer(() => done.push('second')));
    turn.defer(() => done.push('first'));
    await setImmediate();
    expect(done).toEqual(['first', 'second']);
  });

  it('is done in every turn', async () => {
    const { done, turn } = scene();
    for (const text of ['a', 'b']) {
      turn.defer(() => done.push(text));
      await setImmediate();
    }
    expect(done).toEqual(['a', 'b']);
  });

  it('is done also after something that throws, which is told', async () => {
    const { errors, done, turn } = scene();
    const error = new Error('broken');
    turn.defer(() => {
      throw error;
    });
    turn.defer(() => done.push('same turn'));
    await setImmediate();
    turn.defer(() => done.push('next turn'));
    await setImmediate();
    expect([errors, done]).toEqual([[error], ['same turn', 'next turn']]);
  });
});
