import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { Pace } from '../../src/time/pace.js';

/** Counts what has gone through. */
function through(pace: Pace, most: number): { readonly at: number[]; readonly ended: Promise<void> } {
  const at: number[] = [];
  const run = async () => {
    while (at.length < most && (await pace.next())) at.push(clock.monotonic() - start);
  };
  return { at, ended: run() };
}

let clock: ManualClock;
let start: number;

function paceOf(intervalMs: number, signal?: AbortSignal): Pace {
  clock = new ManualClock();
  start = clock.monotonic();
  return new Pace(clock, intervalMs, signal);
}

/** Turns the clock, and lets what waited for it go on. */
async function turn(ms: number): Promise<void> {
  clock.advance(ms);
  await new Promise((resolve) => setImmediate(resolve));
}

describe('a pace', () => {
  it('lets one after another go, no faster than it says', async () => {
    const { at, ended } = through(paceOf(20), 4);
    await turn(0);
    for (let step = 0; step < 60; step++) await turn(1);
    await ended;
    expect(at).toEqual([0, 20, 40, 60]);
  });

  it('does not hurry after one that took long', async () => {
    const pace = paceOf(20);
    await pace.next();
    await turn(500);
    const { at, ended } = through(pace, 3);
    await turn(0);
    for (let step = 0; step < 40; step++) await turn(1);
    await ended;
    expect(at).toEqual([500, 520, 540]);
  });

  it('lets all go at once where none is set', async () => {
    const { at, ended } = through(paceOf(0), 100);
    await ended;
    expect(at).toEqual(Array.from({ length: 100 }, () => 0));
  });

  it('ends while it waits when it is aborted, and lets nothing go then', async () => {
    const abort = new AbortController();
    const { at, ended } = through(paceOf(1_000_000, abort.signal), 10);
    await turn(0);
    abort.abort();
    await ended;
    expect(at).toEqual([0]);
  });
});
