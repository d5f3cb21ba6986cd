import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/time/duration.js';

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['0s', 0],
    ['10s', 10_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    [' 3s ', 3_000],
    ['1.1s', 1_100],
    ['2.007s', 2_007],
    ['0.6ms', 1],
  ])('reads %j as %d ms', (text, ms) => {
    expect(parseDuration(text, '--timeout')).toBe(ms);
  });

  it.each(['', '10', 's', '-5s', '1e3s', '5 s', '1,5s', '5S', 'Infinitys', `${'9'.repeat(400)}d`, '99999999999d'])(
    'refuses %j and says what it was for',
    (text) => {
      expect(() => parseDuration(text, '--timeout')).toThrow(
        expect.objectContaining({
          code: 'invalid-option',
          message: `--timeout: expected a duration such as 500ms, 10s or 5m, found '${text}'.`,
        }),
      );
    },
  );
});

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [300.4, '300ms'],
    [999.6, '1s'],
    [1_500, '1.5s'],
    [59_999.9, '1m'],
    [90_000, '90s'],
    [120_000, '2m'],
    [7_200_000, '2h'],
    [604_800_000, '7d'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('writes what parseDuration reads, exactly below a second and to a tenth of a second above', () => {
    fc.assert(
      fc.property(fc.nat(10 ** 10), (ms) => {
        const read = parseDuration(formatDuration(ms), 'x');
        expect(Math.abs(read - ms)).toBeLessThanOrEqual(ms < 1_000 ? 0 : 50);
      }),
    );
  });
});
