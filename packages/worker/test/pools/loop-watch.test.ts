import { type Clock, runInTask, type TaskContext } from '@tq/core/internal';
import { afterEach, expect, it } from 'vitest';
import { LoopWatch, type NamedRun } from '../../src/pools/loop-watch.js';
import { LogRecorder } from './pool-fixture.js';

const LIMIT = 1_000;
const watches: LoopWatch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop();
});

const run = (id: string, task = id): NamedRun => ({ id, task });

/** A watch on a clock that moves without firing timers, as it does while somebody blocks. */
function setup(running: NamedRun[] = []) {
  let now = 0;
  let look: () => void = () => undefined;
  const clock: Clock = {
    wallTime: () => now,
    monotonic: () => now,
    setTimer: (callback) => {
      look = callback;
      return { cancel: () => undefined, ref: () => undefined, unref: () => undefined };
    },
  };
  const log = new LogRecorder();
  const watch = new LoopWatch({ clock, logger: log.logger, limitMs: LIMIT, running: () => running });
  watches.push(watch);
  watch.start();
  const pass = (ms: number) => {
    now += ms;
  };
  /** The loop's next turn: its timer is on time unless something passed meanwhile. */
  const turn = () => {
    now += LIMIT / 4;
    look();
  };
  return { log, watch, pass, turn };
}

/** Runs `body` as a continuation of this task, as after an await. */
async function later(named: NamedRun, body: () => void): Promise<void> {
  await runInTask(named as TaskContext, async () => {
    await null;
    body();
    await null;
  });
}

it('names the task whose synchronous beginning kept the loop, among others that run', () => {
  const blocker = run('job-7', 'report');
  const { log, watch, pass, turn } = setup([run('job-6', 'mail'), blocker]);
  watch.begin(run('job-6', 'mail'), () => pass(1));
  watch.begin(blocker, () => pass(1_500));
  turn();
  expect(log.lines).toEqual([
    {
      level: 'warn',
      fields: { id: 'job-7', task: 'report', blockedMs: 1_501 },
      message: expect.stringMatching(/^task 'report' kept the event loop.* for 1501 ms; run it in a thread/),
    },
  ]);
});

it('says nothing of a loop that stands still for less, or while no task runs', () => {
  const { log, watch, pass, turn } = setup();
  watch.begin(run('a'), () => pass(999));
  turn();
  pass(60_000);
  turn();
  expect(log.lines).toEqual([]);
});

it('names the only task that ran, whatever part of it kept the loop', async () => {
  const only = run('a');
  const { log, watch, pass, turn } = setup([only]);
  await later(only, () => pass(1_200));
  turn();
  expect(log.lines.map(({ fields }) => fields)).toEqual([{ id: 'a', task: 'a', blockedMs: 1_200 }]);
  expect(watch).toBeDefined();
});

it('names all that ran when it cannot tell which one, those included that have ended, and the right one the next time', async () => {
  const [ended, blocker, other] = [run('ended'), run('blocker'), run('other')];
  const { log, watch, pass, turn } = setup([blocker, other]);
  await later(blocker, () => pass(1_200));
  watch.ended(ended);
  turn();
  await Promise.all([later(other, () => pass(5)), later(blocker, () => pass(1_300)), later(other, () => pass(5))]);
  turn();
  expect(log.lines.map(({ fields }) => fields)).toEqual([
    { blockedMs: 1_200, candidates: [ended, blocker, other] },
    { blockedMs: 1_310, id: 'blocker', task: 'blocker' },
  ]);
});

it('says so of one task every ten seconds at most, and then how often it kept silent', () => {
  const { log, watch, pass, turn } = setup();
  for (let time = 0; time < 12; time++) {
    watch.begin(run(`job-${time}`, 'report'), () => pass(1_100));
    turn();
  }
  expect(log.lines.map(({ fields }) => [fields.id, fields.unsaid])).toEqual([
    ['job-0', undefined],
    ['job-8', 7],
  ]);
});

it('names it in an async pool', async () => {
  const { createFixture, fixture } = await import('./pool-fixture.js');
  const {
    pool,
    log,
    run: start,
  } = createFixture({
    kind: 'async',
    slots: 2,
    modules: [fixture('tasks.js')],
    blockedLoopMs: 40,
  });
  await pool.start();
  void start('until-aborted');
  await start('blocks', [200], { id: 'the-task' });
  const { fields } = await log.first(({ level }) => level === 'warn');
  expect(fields).toMatchObject({ id: 'the-task', task: 'blocks', blockedMs: expect.any(Number) });
  await pool.stop(60_000);
});
