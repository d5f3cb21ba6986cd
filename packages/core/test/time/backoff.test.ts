import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fullJitter } from '../../src/time/backoff.js';

const options = fc.record({ baseMs: fc.integer({ min: 1, max: 60_000 }), maxMs: fc.integer({ min: 1, max: 10 ** 7 }) });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const LAST = 1 - 2 ** -53;

describe('fullJitter', () => {
  it('is a whole number of milliseconds from 0 to the ceiling, however many attempts failed', () => {
    fc.assert(
      fc.property(fc.nat(10_000), options, random, (attempt, limits, draw) => {
        const delay = fullJitter(attempt, limits, draw);
        expect(Number.isSafeInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(Math.min(limits.maxMs, limits.baseMs * 2 ** attempt));
      }),
    );
  });

  it('doubles its ceiling with every attempt until the maximum', () => {
    const ceilings = [0, 1, 2, 3, 4, 5].map((attempt) => fullJitter(attempt, { baseMs: 100, maxMs: 1_000 }, LAST) + 1);
    expect(ceilings).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it('grows with the draw, and reaches down to 0', () => {
    const limits = { baseMs: 1_000, maxMs: 1_000 };
    expect([0, 0.25, 0.5, LAST].map((draw) => fullJitter(0, limits, draw))).toEqual([0, 250, 500, 999]);
  });
});
