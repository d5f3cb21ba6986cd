import { describe, expect, it } from 'vitest';
import { MemoryGauge } from '../../src/model/memory-gauge.js';

/** A gauge, and what its listener heard. */
function scene(limit: number) {
  const gauge = new MemoryGauge(limit);
  const heard: boolean[] = [];
  const listener = (blocked: boolean) => heard.push(blocked);
  gauge.watch(listener);
  return { gauge, heard, listener };
}

describe('the memory gauge', () => {
  it('counts more than the bytes, and is back at nothing when all is gone', () => {
    const { gauge } = scene(10_000);
    gauge.add(100);
    gauge.add(0);
    expect(gauge.used).toBeGreaterThan(100);
    gauge.remove(0);
    gauge.remove(100);
    expect(gauge.used).toBe(0);
  });

  it('raises its alarm above the limit, once', () => {
    const { gauge, heard } = scene(10_000);
    gauge.add(9_000);
    expect([gauge.blocked, heard]).toEqual([false, []]);
    gauge.add(1_000);
    gauge.add(1_000);
    expect([gauge.blocked, heard]).toEqual([true, [true]]);
  });

  it('ends its alarm some way below the limit', () => {
    const { gauge, heard } = scene(10_000);
    for (const bytes of [8_000, 100, 2_000]) gauge.add(bytes);
    gauge.remove(2_000);
    expect([gauge.used < gauge.limit, gauge.blocked]).toEqual([true, true]);
    gauge.remove(100);
    expect([gauge.blocked, heard]).toEqual([false, [true, false]]);
  });

  it('tells nobody who has stopped to watch', () => {
    const { gauge, heard, listener } = scene(1_000);
    gauge.unwatch(listener);
    gauge.add(2_000);
    expect(heard).toEqual([]);
  });

  it('tells all others when one stops to watch at the alarm', () => {
    const { gauge, heard } = scene(1_000);
    const leaves = () => gauge.unwatch(leaves);
    const late: boolean[] = [];
    gauge.watch(leaves);
    gauge.watch((blocked) => late.push(blocked));
    gauge.add(2_000);
    expect([heard, late]).toEqual([[true], [true]]);
  });
});
