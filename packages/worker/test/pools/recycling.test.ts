import { expect, it } from 'vitest';
import { type ScriptedChild, startScripted } from './scripted-children.js';

const MB = 2 ** 20;

type Scripted = Awaited<ReturnType<typeof startScripted>>;

/** Runs a job in this child, which has a slot that is idle, to its end. */
function work({ run }: Scripted, child: ScriptedChild, memoryBytes?: number): void {
  run();
  child.succeed(memoryBytes);
}

it('replaces a child after so many tasks, and goes on with it until its replacement is ready', async () => {
  const scene = await startScripted({ recycling: { maxTasks: 2 } });
  const { child, pool, freed } = scene;
  work(scene, child(0));
  work(scene, child(0));
  work(scene, child(0));
  expect([child(0).killed, pool.free()]).toEqual([false, 1]);
  child(1).ready();
  expect([child(0).killed, pool.free(), freed()]).toEqual([true, 1, 0]);
  work(scene, child(1));
  expect([child(0).jobs, child(1).jobs]).toEqual([3, 1]);
});

it('keeps one child ready, which takes the place of another with its last task', async () => {
  const scene = await startScripted({ recycling: { maxTasks: 2 } });
  const { child, children, pool } = scene;
  child(1).ready();
  work(scene, child(0));
  expect(child(0).killed).toBe(false);
  work(scene, child(0));
  expect([child(0).killed, pool.free(), children.length]).toEqual([true, 1, 2]);
  child(0).exit();
  expect(children).toHaveLength(3);
});

it('counts anew for every child', async () => {
  const scene = await startScripted({ recycling: { maxTasks: 2 } });
  const { child, children } = scene;
  for (let generation = 0; generation < 5; generation++) {
    expect(children).toHaveLength(generation + 2);
    work(scene, child(generation));
    work(scene, child(generation));
    child(generation + 1).ready();
    child(generation).exit();
  }
});

it('swaps a child that is busy when its job has ended', async () => {
  const scene = await startScripted({ recycling: { maxTasks: 1 } });
  const { child, run, pool } = scene;
  work(scene, child(0));
  const ends = run();
  child(1).ready();
  expect([child(0).killed, pool.free()]).toEqual([false, 0]);
  child(0).succeed();
  expect([ends.length, child(0).killed, pool.free()]).toEqual([1, true, 1]);
});

it('has at most one child more than slots, however many have done enough at once', async () => {
  const scene = await startScripted({ slots: 4, recycling: { maxTasks: 1 } });
  const { child, children, run, pool, alive } = scene;
  for (let slot = 0; slot < 4; slot++) run();
  for (let slot = 0; slot < 4; slot++) child(slot).succeed();
  for (let replaced = 0; replaced < 4; replaced++) {
    expect([children.length, alive(), pool.free()]).toEqual([5 + replaced, 5, 4]);
    child(4 + replaced).ready();
    expect([children.length, alive(), pool.free()]).toEqual([5 + replaced, 5, 4]);
    child(replaced).exit();
  }
  expect([children.length, alive()]).toEqual([9, 5]);
});

it('replaces others while one is busy with a long task', async () => {
  const scene = await startScripted({ slots: 2, recycling: { maxTasks: 1 } });
  const { child, run } = scene;
  run();
  run();
  child(0).succeed();
  const long = run();
  child(1).succeed();
  child(2).ready();
  expect([child(0).killed, child(1).killed, long]).toEqual([false, true, []]);
});

it('goes on with the old child while its replacement does not start, and tries again after a pause', async () => {
  const scene = await startScripted({ recycling: { maxTasks: 1 } });
  const { child, children, clock, pool, log } = scene;
  work(scene, child(0));
  child(1).exit('exit code 9');
  work(scene, child(0));
  expect([children.length, pool.free(), log.lines.map(({ fields }) => fields.how)]).toEqual([2, 1, ['exit code 9']]);
  clock.advance(100);
  expect(children).toHaveLength(3);
  child(2).ready();
  expect(child(0).killed).toBe(true);
});

it('replaces a child that holds too much memory after a task, and asks for it only when there is a limit', async () => {
  const scene = await startScripted({ recycling: { maxMemoryBytes: 100 * MB } });
  const { child, children, log } = scene;
  expect(child(0).told).toEqual(['report-memory']);
  child(1).ready();
  work(scene, child(0), 99 * MB);
  expect(child(0).killed).toBe(false);
  work(scene, child(0), 101 * MB);
  expect([child(0).killed, children.length, log.lines]).toEqual([true, 2, []]);
  const { child: unasked } = await startScripted({ recycling: { maxTasks: 1 } });
  expect(unasked(0).told).toEqual([]);
});

it('gives no more jobs to a child that holds twice as much, even before another can take its place', async () => {
  const scene = await startScripted({ recycling: { maxMemoryBytes: 100 * MB } });
  const { child, pool, freed } = scene;
  work(scene, child(0), 90 * MB);
  work(scene, child(0), 190 * MB);
  expect(pool.free()).toBe(1);
  work(scene, child(0), 201 * MB);
  expect([pool.free(), freed()]).toEqual([0, 0]);
  child(1).ready();
  expect([pool.free(), freed(), child(0).killed]).toEqual([1, 1, true]);
});

it('replaces a child that takes no more before others that do', async () => {
  const scene = await startScripted({ slots: 2, recycling: { maxMemoryBytes: 100 * MB } });
  const { child, run } = scene;
  run();
  run();
  child(0).succeed(150 * MB);
  child(1).succeed(250 * MB);
  child(2).ready();
  expect([child(0).killed, child(1).killed]).toEqual([false, true]);
});

it('says once that a limit is lower than what a child needs to start with', async () => {
  const scene = await startScripted({ recycling: { maxMemoryBytes: 10 * MB } });
  const { child, log } = scene;
  for (let generation = 0; generation < 3; generation++) {
    work(scene, child(generation), 50 * MB);
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

it('gives the spare to a slot whose child died before one that has only done enough', async () => {
  const scene = await startScripted({ slots: 2, recycling: { maxTasks: 1 } });
  const { child, children, run, pool } = scene;
  run();
  const lost = run();
  child(0).succeed();
  child(1).exit('exit code 1');
  expect([lost, pool.free(), children.length]).toEqual([[{ kind: 'lost', how: 'exit code 1' }], 1, 4]);
  child(2).ready();
  expect([pool.free(), child(0).killed]).toEqual([2, false]);
  child(3).ready();
  expect(child(0).killed).toBe(true);
});

it('stops with the spare and with what is on its way out', async () => {
  const scene = await startScripted({ slots: 2, recycling: { maxTasks: 1 }, hasStopHooks: true });
  const { child, run, pool, clock } = scene;
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
  expect(clock.timers).toBe(0);
});
