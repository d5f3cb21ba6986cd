import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/time/clock.js';

const DAY = 86_400_000;

describe('systemClock', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('fires once, after the delay', () => {
    const callback = vi.fn();
    systemClock.setTimer(callback, 100);
    vi.advanceTimersByTime(99);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('waits longer than the 24.8 days that Node can count, where Node itself would fire at once', () => {
    const callback = vi.fn();
    systemClock.setTimer(callback, 60 * DAY);
    vi.advanceTimersByTime(59 * DAY);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(DAY);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('cancels a long timer in whichever part of it', () => {
    const callback = vi.fn();
    const timer = systemClock.setTimer(callback, 60 * DAY);
    timer.unref();
    vi.advanceTimersByTime(30 * DAY);
    timer.cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60 * DAY);
    expect(callback).not.toHaveBeenCalled();
  });
});
