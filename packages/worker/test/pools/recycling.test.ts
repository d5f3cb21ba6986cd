import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLimitNear } from '../../src/pools/recycling.js';
import { type ScriptedChild, startScripted } from './scripted-children.js';

const MB = 2 ** 20;

type Scripted = Awaited<ReturnType<typeof startScripted>>;

/** Runs a job in this child, which has a slot that is idle, to its end. */
function work({ run, clock }: Scripted, child: ScriptedChild, { memoryBytes, ms = 0 }: Work = {}): void {
  run();
  clock.advance(ms);
  child.succeed(memoryBytes);
}

interface Work {
  readonly memoryBytes?: number;
  /** How long it takes. */
  readonly ms?: number;
}

it('gives a child so many tasks and never one more, even before another can take its place', async () => {
  const scene = await startScripted({ recycling: { maxTasks: 2 } });
  const { child, pool, freed } = scene;
  work(scene, child(0));
  expect([child(0).killed, pool.free()]).toEqual([false, 1]);
  work(scene, child(0));
  expect([child(0).killed, child(0).jobs, pool.free(), pool.alive()]).toEqual([true, 2, 0, 1]);
  child(1).ready();
  expect([pool.free(), freed()]).toEqual([1, 1]);
  work(scene, child(1));
  expect([child(0).jobs, child(1).jobs]).toEqual([2, 1]);
});

it('starts the replacement with the last task at the latest, so that it can take its place at once', async () => {
  const scene = await startScripted({ recycling: { maxTasks: 2 } });
  const { child, children, run, pool, freed } = scene;
  work(scene, child(0), { ms: 1_000 });
  expect(children).toHaveLength(1);
  const ends = run();
  expect(children).toHaveLength(2);
  child(1).ready();
  child(0).succeed();
  expect([ends.length, child(0).killed, pool.free(), freed()]).toEqual([1, true, 1, 0]);
});

it('starts the replacement so many tasks ahead as run in the time of its start', async () => {
  // Four times a start of 50 ms, for a busy machine: twenty tasks of 10 ms.
  const scene = await startScripted({ recycling: { maxTasks: 50 } });
  const { child, children, run } = scene;
  for (let job = 0; job < 30; job++) work(scene, child(0), { ms: 10 });
  expect(children).toHaveLength(1);
  run();
  expect(children).toHaveLength(2);
});

it('has no child beside its slots while none is near a limit', async () => {
  const scene = await startScripted({ slots: 4, recycling: { maxTasks: 50, maxMemoryBytes: 100 * MB } });
  const { children, run, child } = scene;
  for (let slot = 0; slot < 4; slot++) run();
  for (let slot = 0; slot < 4; slot++) child(slot).succeed(50 * MB);
  expect(children).toHaveLength(4);
});

it('counts anew for every child', async () => {
  const scene = await startScripted({ recycling: { maxTasks: 2 } });
  const { child, children } = scene;
  for (let generation = 0; generation < 5; generation++) {
    work(scene, child(generation), { ms: 1_000 });
    expect(children).toHaveLength(generation + 1);
    scene.run();
    child(generation + 1).ready();
    child(generation).succeed();
    child(generation).exit();
  }
});

it('starts as many at once as it is told where slots are waiting, and has never more than slots and spares', async () => {
  const scene = await startScripted({ slots: 4, startsAtOnce: 2, recycling: { maxTasks: 1 } });
  const { child, children, run, pool, alive } = scene;
  for (let slot = 0; slot < 4; slot++) run();
  for (let slot = 0; slot < 4; slot++) child(slot).succeed();
  expect([children.length, alive(), pool.free()]).toEqual([5, 5, 0]);
  for (let slot = 0; slot < 4; slot++) child(slot).exit();
  expect([children.length, alive()]).toEqual([6, 2]);
  for (let replaced = 1; replaced <= 4; replaced++) {
    child(3 + replaced).ready();
    expect(pool.free()).toBe(replaced);
    expect(children.length - 4).toBe(Math.min(4, replaced + 2));
  }
  expect(alive()).toBe(4);
});

it('has one spare for every four slots', async () => {
  const scene = await startScripted({ slots: 8, startsAtOnce: 8, recycling: { maxTasks: 1 } });
  for (let slot = 0; slot < 8; slot++) scene.run();
  expect(scene.children).toHaveLength(10);
});

it('replaces others while one is busy with a long task', async () => {
  const scene = await startScripted({ slots: 2, recycling: { maxMemoryBytes: 100 * MB } });
  const { child, run } = scene;
  run();
  run();
  child(0).succeed(150 * MB);
  const long = run();
  child(1).succeed(150 * MB);
  child(2).ready();
  expect([child(0).killed, child(1).killed, long]).toEqual([false, true, []]);
});

it('tries again after a pause while a replacement does not start, and says that it has no slot meanwhile', async () => {
  const scene = await startScripted({ recycling: { maxTasks: 1 } });
  const { child, children, clock, pool, log } = scene;
  work(scene, child(0));
  expect(pool.alive()).toBe(1);
  child(1).exit('exit code 9');
  expect([children.length, pool.free(), pool.alive()]).toEqual([2, 0, 0]);
  expect(log.lines.map(({ fields }) => fields.how)).toEqual(['exit code 9']);
  clock.advance(100);
  expect(children).toHaveLength(3);
  child(2).ready();
  expect([pool.free(), pool.alive()]).toEqual([1, 1]);
});

it('goes on with a child that holds too much memory until its replacement is ready', async () => {
  const scene = await startScripted({ recycling: { maxMemoryBytes: 100 * MB } });
  const { child, run, pool, freed } = scene;
  work(scene, child(0), { memoryBytes: 90 * MB });
  work(scene, child(0), { memoryBytes: 150 * MB });
  const ends = run();
  child(1).ready();
  expect([child(0).killed, pool.free()]).toEqual([false, 0]);
  child(0).succeed(150 * MB);
  expect([ends.length, child(0).killed, pool.free(), freed()]).toEqual([1, true, 1, 0]);
});

it('replaces a child that holds too much memory after a task, and asks for it only when there is a limit', async () => {
  const scene = await startScripted({ recycling: { maxMemoryBytes: 100 * MB } });
  const { child, children, log } = scene;
  expect(child(0).told).toEqual(['report-memory']);
  work(scene, child(0), { memoryBytes: 99 * MB });
  expect(children).toHaveLength(1);
  work(scene, child(0), { memoryBytes: 101 * MB });
  child(1).ready();
  expect([child(0).killed, children.length, log.lines]).toEqual([true, 2, []]);
  const { child: unasked } = await startScripted({ recycling: { maxTasks: 1 } });
  expect(unasked(0).told).toEqual([]);
});

it('gives no more jobs to a child that holds twice as much, even before another can take its place', async () => {
  const scene = await startScripted({ recycling: { maxMemoryBytes: 100 * MB } });
  const { child, pool, freed } = scene;
  work(scene, child(0), { memoryBytes: 90 * MB });
  work(scene, child(0), { memoryBytes: 190 * MB });
  expect(pool.free()).toBe(1);
  work(scene, child(0), { memoryBytes: 201 * MB });
  expect([pool.free(), freed()]).toEqual([0, 0]);
  child(1).ready();
  expect([pool.free(), freed(), child(0).killed]).toEqual([1, 1, true]);
});

it('fills a slot without a child before it replaces one that goes on', async () => {
  const scene = await startScripted({ slots: 2, recycling: { maxMemoryBytes: 100 * MB } });
  const { child, run, pool } = scene;
  run();
  run();
  child(0).succeed(150 * MB);
  child(1).succeed(250 * MB);
  expect([child(1).killed, pool.free()]).toEqual([true, 1]);
  child(2).ready();
  expect([child(0).killed, pool.free()]).toEqual([false, 2]);
});

it('says once that a limit is lower than what a child needs to start with', async () => {
  const scene = await startScripted({ recycling: { maxMemoryBytes: 10 * MB } });
  const { child, log } = scene;
  for (let generation = 0; generation < 3; generation++) {
    work(scene, child(generation), { memoryBytes: 50 * MB });
    child(generation + 1).ready();
    child(generation).exit();
  }
  expect(log.lines).toEqual([
    expect.objectContaining({ level: 'warn', message: expect.stringContaining('with its first task') }),
  ]);
});

it('lets the old child run its slot-stop hooks, at most for the grace', async () => {
  const scene = await startScripted({ recycling: { maxTasks: 1 }, hasStopHooks: true });
  const { child, clock, log } = scene;
  work(scene, child(0));
  child(1).ready({ hasStopHooks: true });
  expect([child(0).told, child(0).killed]).toEqual([['retire'], false]);
  clock.advance(2_000);
  expect([child(0).killed, log.lines[0]?.message]).toEqual([true, expect.stringContaining('longer than the grace')]);
});

it('ends what is on its way out within the grace of the stop, and no later than it would have', async () => {
  const scene = await startScripted({ recycling: { maxTasks: 1 }, hasStopHooks: true });
  const { child, pool, clock } = scene;
  work(scene, child(0));
  clock.advance(1_000);
  void pool.stop(1_500);
  clock.advance(999);
  expect(child(0).killed).toBe(false);
  void pool.stop(0);
  clock.advance(1);
  expect(child(0).killed).toBe(true);
});

it('gives the spare to a slot whose child died before one that has only done enough', async () => {
  const scene = await startScripted({ slots: 2, recycling: { maxMemoryBytes: 100 * MB } });
  const { child, children, run, pool } = scene;
  run();
  const lost = run();
  child(0).succeed(150 * MB);
  child(1).exit('exit code 1');
  expect([lost, pool.free(), children.length]).toEqual([[{ kind: 'lost', how: 'exit code 1' }], 1, 4]);
  child(2).ready();
  expect([pool.free(), child(0).killed]).toEqual([2, false]);
  child(3).ready();
  expect(child(0).killed).toBe(true);
});

it('stops with the spare and with what is on its way out', async () => {
  const scene = await startScripted({ slots: 2, recycling: { maxTasks: 1 }, hasStopHooks: true });
  const { child, children, run, pool, clock } = scene;
  run();
  run();
  child(0).succeed();
  child(1).succeed();
  child(2).ready({ hasStopHooks: true });
  let stopped = false;
  const stopping = pool.stop(500).then(() => {
    stopped = true;
  });
  expect([child(0), child(1), child(2)].map(({ told }) => told)).toEqual([['retire'], ['retire'], ['retire']]);
  child(1).exit();
  child(2).exit();
  await new Promise((resolve) => setImmediate(resolve));
  expect(stopped).toBe(false);
  child(0).exit();
  await stopping;
  expect([children.length, clock.timers]).toEqual([3, 0]);
});

it('gives a slot that was stopped no child any more', async () => {
  const scene = await startScripted({ recycling: { maxTasks: 1 } });
  const { child, children, pool, freed } = scene;
  work(scene, child(0));
  const stopping = pool.stop(0);
  child(1).ready();
  child(1).exit();
  child(0).exit();
  await stopping;
  expect([children.length, pool.free(), freed()]).toEqual([2, 0, 0]);
});

const jobs = fc.integer({ min: 1, max: 1_000 });
const ms = fc.double({ min: 0.001, max: 10_000, noNaN: true });

describe('the nearness of a limit', () => {
  it('leaves a lead at least as long as the start, where the jobs until the limit take that long', () => {
    fc.assert(
      fc.property(jobs, ms, ms, (maxTasks, jobMs, leadMs) => {
        let left = maxTasks;
        while (!isLimitNear(left, jobMs, leadMs)) left--;
        // From the start of that job on.
        expect((left + 1) * jobMs >= Math.min(leadMs, maxTasks * jobMs)).toBe(true);
        // Not sooner than by one job.
        expect(left === 1 || left * jobMs <= leadMs).toBe(true);
      }),
    );
  });

  it('stays once it has come, and comes with the last job at the latest, whatever is known', () => {
    fc.assert(
      fc.property(jobs, fc.option(ms, { nil: undefined }), ms, (left, jobMs, leadMs) => {
        if (isLimitNear(left + 1, jobMs, leadMs)) expect(isLimitNear(left, jobMs, leadMs)).toBe(true);
        expect(isLimitNear(1, jobMs, leadMs)).toBe(true);
      }),
    );
  });
});
