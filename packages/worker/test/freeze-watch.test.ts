import { ManualClock } from '@tq/core/testing';
import { expect, it } from 'vitest';
import { FreezeWatch } from '../src/freeze-watch.js';

/** A clock whose process can stand still: time goes on, and no timer fires. */
class FreezingClock extends ManualClock {
  #frozenMs = 0;

  override monotonic(): number {
    return super.monotonic() + this.#frozenMs;
  }

  freeze(ms: number): void {
    this.#frozenMs += ms;
  }
}

function setup() {
  const clock = new FreezingClock();
  const answers: (() => void)[] = [];
  const watch = new FreezeWatch(clock, 10_000, () => new Promise<void>((resolve) => answers.push(resolve)));
  return { clock, answers, watch };
}

it('asks nothing while the loop turns, however long', () => {
  const { clock, answers, watch } = setup();
  watch.start();
  clock.advance(1_000_000);
  expect(watch.verifying()).toBeUndefined();
  expect(answers).toEqual([]);
  expect(clock.referencedTimers).toBe(0);
});

it('asks nothing after a pause that the broker has not noticed', () => {
  const { clock, answers, watch } = setup();
  watch.start();
  clock.freeze(10_000);
  expect(watch.verifying()).toBeUndefined();
  expect(answers).toEqual([]);
});

it('after a longer one it asks the broker, once, and is waited for until the answer', async () => {
  const { clock, answers, watch } = setup();
  watch.start();
  clock.freeze(10_001);
  const first = watch.verifying();
  expect(first).toBeDefined();
  expect(watch.verifying()).toBe(first);
  expect(answers).toHaveLength(1);
  answers[0]?.();
  await first;
  expect(watch.verifying()).toBeUndefined();
});

it('finds a freeze although its own timer fires first afterwards', async () => {
  const { clock, answers, watch } = setup();
  watch.start();
  clock.freeze(60_000);
  clock.advance(5_000);
  expect(answers).toHaveLength(1);
  expect(watch.verifying()).toBeDefined();
});

it('asks anew after each freeze, and the older answer does not stand for the newer', async () => {
  const { clock, answers, watch } = setup();
  watch.start();
  clock.freeze(20_000);
  const first = watch.verifying();
  clock.freeze(20_000);
  const second = watch.verifying();
  expect(second).not.toBe(first);
  answers[0]?.();
  await first;
  expect(watch.verifying()).toBe(second);
  answers[1]?.();
  await second;
  expect(watch.verifying()).toBeUndefined();
});

it('does not take the time before its start, nor after its stop, for a freeze of its own', () => {
  const { clock, answers, watch } = setup();
  clock.freeze(60_000);
  watch.start();
  expect(watch.verifying()).toBeUndefined();
  watch.stop();
  expect([clock.timers, answers.length]).toEqual([0, 0]);
});
