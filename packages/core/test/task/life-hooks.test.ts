import { beforeEach, expect, it } from 'vitest';
import { hasHooks, onSlotStart, onSlotStop, runStartHooks, runStopHooks } from '../../src/task/life-hooks.js';

beforeEach(() => {
  delete (globalThis as Record<symbol, unknown>)[Symbol.for('tq.life-hooks')];
});

it('starts in the order in which the hooks were added, each when the one before is done', async () => {
  const seen: string[] = [];
  onSlotStart(async () => {
    await Promise.resolve();
    seen.push('first');
  });
  onSlotStart(() => seen.push('second'));
  await runStartHooks('slotStart', undefined);
  expect(seen).toEqual(['first', 'second']);
});

it('stops a start at the first hook that fails', async () => {
  const seen: string[] = [];
  onSlotStart(() => {
    throw new Error('no database');
  });
  onSlotStart(() => seen.push('second'));
  await expect(runStartHooks('slotStart', undefined)).rejects.toThrow('no database');
  expect(seen).toEqual([]);
});

it('ends in the opposite order, and runs every hook whatever the others do', async () => {
  const seen: string[] = [];
  onSlotStop(() => seen.push('first'));
  onSlotStop(() => Promise.reject(new Error('already closed')));
  onSlotStop(() => seen.push('third'));
  expect(await runStopHooks('slotStop', undefined)).toEqual([new Error('already closed')]);
  expect(seen).toEqual(['third', 'first']);
});

it('tells whether there is anything to run', () => {
  expect(hasHooks('slotStop')).toBe(false);
  onSlotStop(() => undefined);
  expect(hasHooks('slotStop')).toBe(true);
  expect(hasHooks('slotStart')).toBe(false);
});
