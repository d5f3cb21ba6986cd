import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { guardedClock, SYSTEM_CLOCK } from '../src/clock.js';
import { ManualClock } from './manual-clock.js';

describe("the system's clock", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([0, 1, 1_000, 2 ** 31 - 1, 2 ** 31, 3 * 2 ** 31 + 17])('calls back after %d ms, and not before', (delay) => {
    const callback = vi.fn();
    SYSTEM_CLOCK.setTimer(callback, delay);
    vi.advanceTimersByTime(Math.max(delay - 1, 0));
    if (delay > 0) expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2);
    expect(callback).toHaveBeenCalledOnce();
  });

  it('does not call back before a fraction of a millisecond is over', () => {
    const callback = vi.fn();
    SYSTEM_CLOCK.setTimer(callback, 10.5);
    vi.advanceTimersByTime(10);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledOnce();
  });

  it('calls back at once for a time that has passed', () => {
    const callback = vi.fn();
    SYSTEM_CLOCK.setTimer(callback, -5);
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledOnce();
  });

  it('does not call back when the timer was cancelled, also in its second half', () => {
    const callback = vi.fn();
    const timer = SYSTEM_CLOCK.setTimer(callback, 2 ** 31 + 1_000);
    vi.advanceTimersByTime(2 ** 31 + 500);
    timer.cancel();
    vi.advanceTimersByTime(1_000);
    expect([callback.mock.calls, vi.getTimerCount()]).toEqual([[], 0]);
  });
});

describe('a guarded clock', () => {
  it('tells what a timer throws, and goes on', () => {
    const clock = new ManualClock();
    const errors: unknown[] = [];
    const guarded = guardedClock(clock, (error) => errors.push(error));
    const error = new Error('broken');
    const called = vi.fn();
    guarded.setTimer(() => {
      throw error;
    }, 10);
    guarded.setTimer(called, 20);
    guarded.setTimer(called, 30).cancel();
    expect(guarded.wall()).toBe(clock.wall());
    clock.advance(100);
    expect([errors, called.mock.calls.length]).toEqual([[error], 1]);
  });
});
