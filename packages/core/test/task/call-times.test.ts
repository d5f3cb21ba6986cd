import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallOptions } from '../../src/task/call.js';
import { callTimes } from '../../src/task/call-times.js';
import { MAX_TIME_MS } from '../../src/time/iso-time.js';

const NOW = Date.UTC(2026, 7, 1);
const MAX_DELAY = 3_600_000;
const at = (ms: number) => new Date(NOW + ms);
const read = (options: CallOptions) => callTimes(options, () => NOW, MAX_DELAY);

describe("a call's times", () => {
  it('are none where none is given, and the clock is not asked', () => {
    const clock = () => expect.unreachable();
    expect(callTimes({ queue: 'math', countdown: undefined, expires: undefined }, clock, MAX_DELAY)).toBeUndefined();
  });

  it.each<[string, CallOptions, number | undefined, number | undefined]>([
    ['a countdown', { countdown: 5_000 }, 5_000, undefined],
    ['the longest countdown', { countdown: MAX_DELAY }, MAX_DELAY, undefined],
    ['a countdown of nothing', { countdown: 0 }, undefined, undefined],
    ['an eta', { eta: at(1) }, 1, undefined],
    ['an eta that has passed', { eta: at(-1) }, undefined, undefined],
    ['an eta long ago', { eta: new Date(0) }, undefined, undefined],
    ['expires as a duration', { expires: 1 }, undefined, 1],
    ['expires as a time', { expires: at(1_000) }, undefined, 1_000],
    ['expires that has passed, which a worker tells', { expires: at(-1_000) }, undefined, -1_000],
    ['both', { countdown: 10, expires: 11 }, 10, 11],
    ['both, the start in the past', { eta: at(-5), expires: 5 }, undefined, 5],
  ])('are read: %s', (_, options, eta, expires) => {
    const absolute = (ms: number | undefined) => (ms === undefined ? undefined : NOW + ms);
    expect(read(options)).toEqual({ eta: absolute(eta), expires: absolute(expires) });
  });

  it.each<[object, string]>([
    [{ countdown: -1 }, 'countdown (ms): expected a whole number from 0'],
    [{ countdown: 0.5 }, 'countdown (ms): expected a whole number from 0'],
    [{ countdown: '10s' }, 'countdown (ms): expected a whole number from 0 to 253402300799999, found 10s.'],
    [{ countdown: 1, eta: at(1) }, 'countdown: expected none beside an eta, found both; leave one out.'],
    [
      { countdown: MAX_DELAY + 1 },
      'countdown: expected a start within 1h (3600000 ms) from now, which is as far as delays reach, found 3600001 ms.',
    ],
    [{ eta: at(MAX_DELAY + 1) }, 'eta: expected a start within 1h (3600000 ms) from now'],
    [{ eta: NOW }, `eta: expected a Date from 1970 to 9999, found ${NOW}.`],
    [{ eta: new Date(Number.NaN) }, 'eta: expected a Date from 1970 to 9999, found an invalid Date.'],
    [{ eta: new Date(-1) }, 'eta: expected a Date from 1970 to 9999, found -1 ms since 1970.'],
    [{ expires: 0 }, 'expires (ms): expected a whole number from 1'],
    [{ expires: '1m' }, 'expires: expected a Date from 1970 to 9999, found 1m.'],
    [{ expires: new Date(MAX_TIME_MS + 1) }, 'expires: expected a Date from 1970 to 9999'],
    [{ expires: MAX_TIME_MS }, 'expires: expected a Date from 1970 to 9999'],
    [
      { countdown: 10, expires: 10 },
      'expires: expected a time after the start at 2026-08-01T00:00:00.010Z, found 2026-08-01T00:00:00.010Z',
    ],
    [{ eta: at(10), expires: at(9) }, 'expires: expected a time after the start at'],
  ])('are refused: %o', (options, text) => {
    expect(() => read(options as CallOptions)).toThrow(text);
  });

  it('never start before they are told to, nor later than they expire', () => {
    const time = fc.integer({ min: -MAX_DELAY, max: MAX_DELAY });
    fc.assert(
      fc.property(fc.option(time), fc.option(time), (eta, expires) => {
        const options = {
          eta: eta === null ? undefined : at(eta),
          expires: expires === null ? undefined : at(expires),
        };
        if (eta !== null && expires !== null && eta > 0 && expires <= eta) {
          expect(() => read(options)).toThrow('expires: expected a time after the start');
          return;
        }
        const times = read(options);
        expect(times?.eta ?? NOW).toBe(NOW + Math.max(eta ?? 0, 0));
        expect(times?.expires).toBe(expires === null ? undefined : NOW + expires);
      }),
    );
  });
});
