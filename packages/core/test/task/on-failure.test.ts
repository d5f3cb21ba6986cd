import { expect, it } from 'vitest';
import { failureAddress } from '../../src/task/on-failure.js';

const OWN = { prefix: 'p.', queue: 'tq' };

it.each([
  [
    { task: 'clean', queue: 'q' },
    { task: 'clean', queue: 'p.q' },
  ],
  [{ task: 'clean' }, { task: 'clean', queue: 'p.tq' }],
])('%j is called in the queue that it names, else in the app’s', (onFailure, address) => {
  expect(failureAddress(onFailure, OWN)).toEqual(address);
});

it('a task is called in its own queue, else in the app’s', () => {
  const task = { name: 'clean', delay: () => undefined };
  expect(failureAddress({ ...task, options: { queue: 'own' } }, OWN)).toEqual({ task: 'clean', queue: 'p.own' });
  expect(failureAddress({ ...task, options: {} }, OWN)).toEqual({ task: 'clean', queue: 'p.tq' });
});

it('is refused when its queue has too long a name with the prefix', () => {
  const onFailure = { task: 'clean', queue: 'q'.repeat(199) };
  expect(failureAddress(onFailure, { prefix: '', queue: 'tq' }).queue).toHaveLength(199);
  expect(() => failureAddress(onFailure, { prefix: 'p', queue: 'tq' })).toThrow('at most 199 bytes with its prefix');
});
