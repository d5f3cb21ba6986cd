import { expect, it } from 'vitest';
import { createDeferred } from '../../src/deferred.js';
import { ProgressPacer } from '../../src/execution/progress-pacer.js';
import { ManualClock } from '../../src/testing/manual-clock.js';

/** A pacer and what it has sent: when, ms, and how much was done. */
function setup(
  limits: { readonly intervalMs?: number; readonly burst?: number } = {},
  sending: () => Promise<unknown> | undefined = () => undefined,
) {
  const clock = new ManualClock();
  const sent: [ms: number, done: number][] = [];
  const pacer = new ProgressPacer({
    clock,
    ...limits,
    send: ({ done }) => {
      sent.push([clock.monotonic(), done]);
      return sending();
    },
  });
  const push = (done: number) => pacer.push({ done, total: 100, message: undefined });
  return { clock, sent, pacer, push };
}

it('sends the first at once, and of what follows the newest when 100 ms are over', () => {
  const { clock, sent, push } = setup();
  for (let done = 0; done < 50; done++) {
    push(done);
    clock.advance(5);
  }
  clock.advance(1_000);
  expect(sent).toEqual([
    [0, 0],
    [100, 19],
    [200, 39],
    [300, 49],
  ]);
});

it('has a timer only while something is held back', () => {
  const { clock, push } = setup();
  push(1);
  expect(clock.timers).toBe(0);
  push(2);
  push(3);
  expect(clock.timers).toBe(1);
  clock.advance(100);
  expect(clock.timers).toBe(0);
});

it('sends what is held back at the end, and nothing after it', () => {
  const { clock, sent, pacer, push } = setup();
  push(1);
  push(2);
  push(3);
  pacer.end();
  push(4);
  pacer.end();
  clock.advance(1_000);
  expect(sent).toEqual([
    [0, 1],
    [0, 3],
  ]);
  expect(clock.timers).toBe(0);
});

it('sends nothing at the end when all has been said', () => {
  const { sent, pacer, push } = setup();
  push(1);
  pacer.end();
  expect(sent).toEqual([[0, 1]]);
});

it('lets as many through in as short an interval as it is told before it holds back', () => {
  const { clock, sent, push } = setup({ intervalMs: 20, burst: 3 });
  for (let done = 1; done <= 10; done++) push(done);
  clock.advance(100);
  expect(sent).toEqual([
    [0, 1],
    [0, 2],
    [0, 3],
    [20, 10],
  ]);
});

it('has one under way at a time, however long that takes, and keeps the newest meanwhile', async () => {
  const first = createDeferred();
  const { clock, sent, push } = setup({}, () => first.promise);
  push(1);
  for (let done = 2; done <= 40; done++) {
    clock.advance(100);
    push(done);
  }
  expect(sent).toEqual([[0, 1]]);
  first.resolve();
  await first.promise;
  await Promise.resolve();
  expect(sent).toEqual([
    [0, 1],
    [3_900, 40],
  ]);
});
