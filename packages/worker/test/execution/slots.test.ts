import { expect, it } from 'vitest';
import { SlotGroup } from '../../src/execution/slots.js';
import { runOf } from '../messages.js';

const runs = (...ids: string[]) => ids.map((id) => runOf([], { id }).run);
const any = () => true;

it('gives slots in the order of the waiting, as many as there are', () => {
  const group = new SlotGroup(2);
  expect(group.take(any)).toBeUndefined();
  const [a, b, c] = runs('a', 'b', 'c');
  for (const run of [a, b, c]) group.wait(run!);
  expect([group.take(any), group.take(any), group.take(any)]).toEqual([a, b, undefined]);
  expect([group.busy, group.waitingCount, group.capacity]).toEqual([2, 1, 2]);
  group.release();
  expect(group.take(any)).toBe(c);
});

it('passes over those who may not start, and they keep their place', () => {
  const group = new SlotGroup(3);
  const [a, b, c] = runs('a', 'b', 'c');
  for (const run of [a, b, c]) group.wait(run!);
  expect(group.take((run) => run === b)).toBe(b);
  expect(group.take(() => false)).toBeUndefined();
  expect(group.busy).toBe(1);
  expect([group.take(any), group.take(any)]).toEqual([a, c]);
});

it('takes out those who wait and fit, and frees no slot for it', () => {
  const group = new SlotGroup(1);
  const [a, b, c, d] = runs('a', 'b', 'c', 'd');
  for (const run of [a, b, c, d]) group.wait(run!);
  expect(group.take(any)).toBe(a);
  expect(group.removeWaiting((run) => run !== c)).toEqual([b, d]);
  expect([group.busy, group.waitingCount]).toEqual([1, 1]);
  group.release();
  expect(group.take(any)).toBe(c);
});
