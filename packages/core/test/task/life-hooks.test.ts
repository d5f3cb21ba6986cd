import { beforeEach, expect, it } from 'vitest';
import {
  hasHooks,
  onSlotStart,
  onSlotStop,
  onWorkerReady,
  runReadyHooks,
  runStartHooks,
  runStopHooks,
} from '../../src/task/life-hooks.js';

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

it('runs every hook of a worker that is ready, in order, whatever the others do', async () => {
  const seen: string[] = [];
  const worker = { hostname: 'tq@w1', queues: ['math'], on: () => () => undefined };
  onWorkerReady(({ hostname, queues }) => {
    seen.push(`${hostname} ${queues}`);
    throw new Error('no metrics');
  });
  onWorkerReady(() => seen.push('second'));
  expect(await runReadyHooks(worker)).toEqual([new Error('no metrics')]);
  expect(seen).toEqual(['tq@w1 math', 'second']);
});
