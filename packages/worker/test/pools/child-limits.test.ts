import { expect, it } from 'vitest';
import { startScripted } from './scripted-children.js';

const LIMIT = 1_000;

it('ends the child of a job at its hard limit, and fails the job once the child is gone', async () => {
  const { clock, child, run, pool } = await startScripted();
  const ends = run({ timeLimit: LIMIT }, { task: 'stuck' });
  clock.advance(LIMIT - 1);
  expect(child(0).killed).toBe(false);
  clock.advance(11);
  expect([child(0).killed, ends, pool.free()]).toEqual([true, [], 0]);
  child(0).exit();
  expect(ends).toEqual([
    {
      kind: 'failure',
      failure: {
        error: {
          exc_type: 'TimeLimitError',
          code: 'time-limit',
          exc_module: 'tq',
          exc_message: [
            expect.stringMatching(/Task 'stuck' ran longer than its time limit of 1000 ms.*raise timeLimit/),
          ],
        },
        traceback: null,
      },
    },
  ]);
});

it('has the spare ready by then, which has the slot at the limit, before the old child is gone', async () => {
  const { clock, child, children, run, pool, freed, log } = await startScripted();
  const ends = run({ timeLimit: LIMIT });
  clock.advance(LIMIT - 10);
  child(1).ready();
  expect([pool.free(), freed()]).toEqual([0, 0]);
  clock.advance(20);
  expect([ends, child(0).killed, pool.free(), freed()]).toEqual([[], true, 1, 1]);
  run();
  expect([child(1).jobs, children.length]).toEqual([1, 2]);
  child(0).exit();
  expect([ends.length, freed()]).toEqual([1, 1]);
  // From now on there is one ahead of any limit.
  expect(children).toHaveLength(3);
  expect(log.lines).toEqual([]);
});

it('waits for the spare that is still starting, and starts another once the old child is gone', async () => {
  const { clock, child, children, run, pool, freed } = await startScripted();
  run({ timeLimit: LIMIT });
  clock.advance(LIMIT + 10);
  expect([pool.free(), children.length]).toEqual([0, 2]);
  child(0).exit();
  expect([pool.free(), freed(), children.length]).toEqual([0, 0, 3]);
  child(1).ready();
  expect([pool.free(), freed(), children.length]).toEqual([1, 1, 3]);
});

it('starts a child for each further slot that is stuck at the same time, as their children go', async () => {
  const { clock, child, children, run, pool, alive } = await startScripted({ slots: 3, startsAtOnce: 3 });
  for (let slot = 0; slot < 3; slot++) run({ timeLimit: LIMIT });
  clock.advance(LIMIT - 10);
  expect(children).toHaveLength(4);
  clock.advance(20);
  for (let slot = 0; slot < 3; slot++) {
    child(slot).exit();
    expect(alive()).toBeLessThanOrEqual(4);
  }
  for (let slot = 3; slot < 6; slot++) child(slot).ready();
  expect([pool.free(), children.length]).toEqual([3, 7]);
});

it('keeps a spare from the first job on whose limit is shorter than the time that a start needs', async () => {
  // Four times a start of 50 ms, for a busy machine.
  const long = await startScripted();
  long.run({ timeLimit: 200 });
  long.child(0).succeed();
  long.clock.advance(LIMIT);
  expect(long.children).toHaveLength(1);
  const short = await startScripted();
  short.run({ timeLimit: 190 });
  short.clock.advance(10);
  short.child(0).succeed();
  expect(short.children).toHaveLength(2);
  short.child(1).ready();
  short.run({ timeLimit: 190 });
  short.clock.advance(200);
  expect([short.child(0).killed, short.pool.free()]).toEqual([true, 1]);
});

it('keeps a spare from the start on where the limit of the pool or of a task is as short', async () => {
  expect((await startScripted({ timeLimitMs: 190 })).children).toHaveLength(2);
  expect(
    (await startScripted({ limits: { task: { timeLimit: 190, softTimeLimit: undefined } } })).children,
  ).toHaveLength(2);
  expect((await startScripted({ timeLimitMs: 200 })).children).toHaveLength(1);
});

it('says of a slot that waits for its replacement that it is alive, unless none can be started', async () => {
  const { clock, child, run, pool } = await startScripted();
  run({ timeLimit: LIMIT });
  clock.advance(LIMIT + 10);
  expect(pool.alive()).toBe(1);
  child(1).exit();
  expect(pool.alive()).toBe(0);
});

it('keeps a spare that was not needed for the next one, and never a second', async () => {
  const { clock, child, children, run } = await startScripted();
  for (let job = 0; job < 3; job++) {
    run({ timeLimit: LIMIT });
    clock.advance(LIMIT - 10);
    child(0).succeed();
  }
  expect([child(0).killed, children.length]).toEqual([false, 2]);
});

it('takes the end of a job that comes before its child is gone for its end', async () => {
  const { clock, child, run, pool } = await startScripted();
  const ends = run({ timeLimit: LIMIT });
  clock.advance(LIMIT + 10);
  child(0).succeed();
  expect([ends, pool.free()]).toEqual([[{ kind: 'success', resultText: '1' }], 0]);
  child(1).ready();
  const next = run();
  child(0).exit();
  expect([ends.length, next.length, pool.free()]).toEqual([1, 0, 0]);
});

it('tells the child of the soft limit, and ends it at the hard one', async () => {
  const { clock, child, run } = await startScripted();
  run({ softTimeLimit: 500, timeLimit: LIMIT });
  clock.advance(510);
  expect([child(0).posted.at(-1), child(0).killed]).toEqual([{ type: 'soft-limit', limitMs: 500 }, false]);
  clock.advance(500);
  expect(child(0).killed).toBe(true);
});

it('watches nothing any more once the job has ended', async () => {
  const { clock, child, run } = await startScripted();
  run({ softTimeLimit: 500, timeLimit: LIMIT });
  child(0).succeed();
  run();
  clock.advance(10 * LIMIT);
  expect([child(0).told, child(0).killed]).toEqual([[], false]);
});

it('has one timer for all jobs that have limits, and none while none has', async () => {
  const { clock, run } = await startScripted({ slots: 20 });
  for (let job = 0; job < 10; job++) run();
  expect(clock.timers).toBe(0);
  for (let job = 0; job < 10; job++) run({ softTimeLimit: 100 + job, timeLimit: LIMIT + job });
  expect([clock.timers, clock.referencedTimers]).toEqual([1, 0]);
});

it('stops while a child is being ended at its limit: the job fails, and nothing replaces it', async () => {
  const { clock, child, children, run, pool } = await startScripted();
  const ends = run({ timeLimit: LIMIT });
  clock.advance(LIMIT + 10);
  const stopped = pool.stop(100);
  // It starts still, and is told to close what it may have opened.
  expect([child(1).killed, child(1).told]).toEqual([false, ['retire']]);
  child(1).exit();
  child(0).exit();
  await stopped;
  expect([ends[0]?.kind, children.length, clock.timers]).toEqual(['failure', 2, 0]);
});
