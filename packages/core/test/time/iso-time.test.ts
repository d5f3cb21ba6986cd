import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIsoTime } from '../../src/time/iso-time.js';

const NOON = Date.UTC(2026, 10, 20, 12, 0, 0);

describe('parseIsoTime', () => {
  it.each([
    ['2026-11-20T12:00:00Z', NOON],
    ['2026-11-20T12:00:00.000Z', NOON],
    ['2026-11-20T12:00:00+00:00', NOON],
    ['2026-11-20 12:00:00+00:00', NOON],
    ['2026-11-20T14:00:00+02:00', NOON],
    ['2026-11-20T06:30:00-0530', NOON],
    ['2026-11-20T14:00+02', NOON],
    ['2026-11-20T12:00:00.587216+00:00', NOON + 587],
    ['2026-11-20T12:00:00,5Z', NOON + 500],
    ['2026-11-20', Date.UTC(2026, 10, 20)],
  ])('reads %s', (text, ms) => {
    expect(parseIsoTime(text)).toBe(ms);
  });

  it('takes a time without a zone as UTC, whatever zone the machine is in', () => {
    const before = process.env.TZ;
    process.env.TZ = 'America/New_York';
    try {
      expect(new Date(2026, 0, 1).getTimezoneOffset()).toBe(300);
      expect(parseIsoTime('2026-11-20T12:00:00.587216')).toBe(NOON + 587);
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });

  it.each([
    '',
    'foo 1',
    '1',
    'Fri, 20 Nov 2026 12:00:00 GMT',
    '2026-13-01T00:00:00Z',
    '2026-11-20T25:00:00Z',
    '20261120',
    'x2026-11-20',
  ])('does not take %j for a time', (text) => {
    expect(parseIsoTime(text)).toBeUndefined();
  });

  it('reads every time that toISOString writes with four digits of year', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(Date.UTC(9999, 11, 31)), noInvalidDate: true }), (date) => {
        expect(parseIsoTime(date.toISOString())).toBe(date.getTime());
      }),
    );
  });
});
