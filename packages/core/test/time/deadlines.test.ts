import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { Deadlines } from '../../src/time/deadlines.js';

function setup() {
  const clock = new ManualClock();
  const fired: string[] = [];
  const deadlines = new Deadlines(clock);
  const set = (name: string, delayMs: number) => deadlines.set(delayMs, () => fired.push(name));
  return { clock, deadlines, fired, set };
}

describe('Deadlines', () => {
  it('fires never early and at most one granule late', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(500), delay: fc.double({ min: 0, max: 5_000, noNaN: true }) }), {
          minLength: 1,
        }),
        (plan) => {
          const clock = new ManualClock();
          const deadlines = new Deadlines(clock, 10);
          const lateness: number[] = [];
          for (const { at, delay } of plan) {
            clock.advance(at);
            const due = clock.monotonic() + delay;
            deadlines.set(delay, () => lateness.push(clock.monotonic() - due));
          }
          clock.advance(5_100);
          expect(lateness).toHaveLength(plan.length);
          // A timer is set in whole milliseconds, hence the one beyond the granule.
          for (const late of lateness) expect(late >= -1e-6 && late <= 11).toBe(true);
        },
      ),
    );
  });

  it('fires in the order of the due times, not in the order of setting', () => {
    const { clock, fired, set } = setup();
    set('third', 300);
    set('first', 100);
    set('second', 200);
    clock.advance(1_000);
    expect(fired).toEqual(['first', 'second', 'third']);
  });

  it('fires once', () => {
    const { clock, fired, set } = setup();
    set('once', 10);
    clock.advance(1_000);
    clock.advance(1_000);
    expect(fired).toEqual(['once']);
  });

  it('forgets what was cancelled, and takes a second cancel and one after the end', () => {
    const { clock, deadlines, fired, set } = setup();
    const cancelled = set('cancelled', 100);
    const kept = set('kept', 100);
    deadlines.cancel(cancelled);
    deadlines.cancel(cancelled);
    clock.advance(200);
    deadlines.cancel(kept);
    expect(fired).toEqual(['kept']);
  });

  it('lets a callback cancel another of the same moment', () => {
    const { clock, deadlines, fired, set } = setup();
    deadlines.set(100, () => {
      fired.push('first');
      deadlines.cancel(second);
    });
    const second = set('second', 100);
    clock.advance(200);
    expect(fired).toEqual(['first']);
  });

  it('lets a callback set another, at once or for later, without starving the rest', () => {
    const { clock, deadlines, fired, set } = setup();
    deadlines.set(100, () => {
      set('at once', 0);
      set('later', 50);
    });
    set('same moment', 100);
    clock.advance(100);
    expect(fired).toEqual(['same moment', 'at once']);
    clock.advance(60);
    expect(fired).toEqual(['same moment', 'at once', 'later']);
  });

  it('keeps the other deadlines when a callback throws', () => {
    const { clock, deadlines, fired, set } = setup();
    deadlines.set(100, () => {
      throw new Error('from a callback');
    });
    set('same moment', 100);
    set('later', 500);
    expect(() => clock.advance(100)).toThrow('from a callback');
    clock.advance(500);
    expect(fired).toEqual(['same moment', 'later']);
  });

  it('runs one timer however many deadlines there are, and none that keeps the process alive', () => {
    const { clock, deadlines, set } = setup();
    const all = Array.from({ length: 1_000 }, (_, index) => set(`${index}`, 100 + index));
    expect(clock.timers).toBe(1);
    expect(clock.referencedTimers).toBe(0);
    for (const deadline of all) deadlines.cancel(deadline);
    clock.advance(100);
    expect(clock.timers).toBe(0);
  });

  it('takes 200,000 different due times', () => {
    const { clock, deadlines } = setup();
    let fired = 0;
    for (let index = 0; index < 200_000; index++) deadlines.set(index * 10, () => fired++);
    clock.advance(0);
    expect(fired).toBe(1);
  });
});
