import { describe, expect, it } from 'vitest';
import { WakeUp } from '../../src/model/wake-up.js';
import { ManualClock } from '../manual-clock.js';

function scene() {
  const clock = new ManualClock(0);
  const calls: number[] = [];
  const wakeUp = new WakeUp(clock, () => calls.push(clock.wall()));
  return { clock, calls, wakeUp };
}

describe('a wake-up', () => {
  it('comes once, at the time that was asked for', () => {
    const { clock, calls, wakeUp } = scene();
    wakeUp.by(100);
    clock.advance(1_000);
    expect([calls, clock.timerCount]).toEqual([[100], 0]);
  });

  it('comes at the earliest of several times, with one timer', () => {
    const { clock, calls, wakeUp } = scene();
    for (const at of [300, 100, 200]) wakeUp.by(at);
    expect(clock.timerCount).toBe(1);
    clock.advance(1_000);
    expect(calls).toEqual([100]);
  });

  it('comes as soon as possible for a time that has passed', () => {
    const { clock, calls, wakeUp } = scene();
    clock.advance(50);
    wakeUp.by(10);
    clock.advance(0);
    expect(calls).toEqual([50]);
  });

  it('may be asked for again when it has come', () => {
    const { clock, calls, wakeUp } = scene();
    wakeUp.by(100);
    clock.advance(100);
    wakeUp.by(150);
    clock.advance(100);
    expect(calls).toEqual([100, 150]);
  });

  it('does not come when it was called off', () => {
    const { clock, calls, wakeUp } = scene();
    wakeUp.by(100);
    wakeUp.cancel();
    clock.advance(1_000);
    expect([calls, clock.timerCount]).toEqual([[], 0]);
  });
});
