import { onWorkerReady, onWorkerStart, onWorkerStop } from '@tq/core';
import { ManualClock } from '@tq/core/testing';
import { beforeEach, expect, it } from 'vitest';
import { testRuntime } from '../../core/test/test-runtime.js';
import { WorkerLife } from '../src/worker-life.js';

beforeEach(() => {
  delete (globalThis as Record<symbol, unknown>)[Symbol.for('tq.life-hooks')];
});

function setup() {
  const clock = new ManualClock();
  const runtime = testRuntime(clock);
  const identity = { hostname: 'tq@w1', queues: ['math'] };
  const life = new WorkerLife({ identity, logger: runtime.logger, clock, shutdownTimeout: 10_000, abortGrace: 2_000 });
  return { clock, runtime, life, identity };
}

it('gives a hook of the start what it needs to hear everything', async () => {
  const { life, identity } = setup();
  const told: unknown[] = [];
  onWorkerStart((worker) => {
    told.push({ hostname: worker.hostname, queues: worker.queues });
    worker.on('worker:ready', (event) => told.push(event));
  });
  life.starting();
  await life.beginning();
  await life.ready({ tasks: ['fib'], slots: 2, subscriptions: [] });
  expect(told).toEqual([identity, { ...identity, tasks: ['fib'], slots: 2, subscriptions: [] }]);
});

it('fails to begin with what a hook threw', async () => {
  const { life } = setup();
  onWorkerStart(() => Promise.reject(new Error('no database')));
  life.starting();
  await expect(life.beginning()).rejects.toThrow('no database');
});

it('logs hooks that fail when it is ready or ends, and observers that fail, and goes on', async () => {
  const { life, runtime } = setup();
  const broken = (what: string) => () => {
    throw new Error(what);
  };
  onWorkerReady(broken('ready hook'));
  onWorkerStop(broken('stop hook'));
  life.observers.on('worker:stopped', broken('observer'));
  life.starting();
  await life.ready({ tasks: [], slots: 1, subscriptions: [] });
  life.stopping();
  await life.ending();
  life.stopped();
  expect(runtime.lines.map(({ level, message, fields }) => [level, message, String(fields.err)])).toEqual([
    ['error', 'a hook of onWorkerReady failed', 'Error: ready hook'],
    ['error', 'a hook of onWorkerStop failed', 'Error: stop hook'],
    ['error', 'an observer of the worker failed', 'Error: observer'],
  ]);
});

it.each([
  [3_000, 7_000],
  [9_500, 2_000],
])('after %i ms of a stop its hooks get another %i ms, and are left behind then', async (spent, left) => {
  const { clock, life, runtime } = setup();
  onWorkerStop(() => new Promise(() => undefined));
  life.starting();
  life.stopping();
  clock.advance(spent);
  const ending = life.ending();
  clock.advance(left - 1);
  expect(runtime.lines).toEqual([]);
  clock.advance(1);
  await ending;
  expect(runtime.lines).toEqual([expect.objectContaining({ level: 'warn', fields: { limitMs: left } })]);
});

it('tells of the broker only when something changes', () => {
  const { life } = setup();
  const told: string[] = [];
  for (const name of ['worker:blocked', 'worker:unblocked'] as const) life.observers.on(name, () => told.push(name));
  for (const blocked of [false, true, true, false, false]) life.brokerBlocked(blocked);
  expect(told).toEqual(['worker:blocked', 'worker:unblocked']);
});

it('ends in silence when it never began', async () => {
  const { life } = setup();
  const told: string[] = [];
  onWorkerStop(() => told.push('hook'));
  for (const name of ['worker:stopping', 'worker:stopped'] as const) life.observers.on(name, () => told.push(name));
  life.stopping();
  await life.ending();
  life.stopped();
  expect(told).toEqual([]);
});
