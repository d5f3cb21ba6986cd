import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  checkDestination,
  delayKey,
  delayUnits,
  destinationKey,
  destinationOf,
  firstLevel,
  maxDelayMs,
} from '../../src/protocol/delay-key.js';

it('writes a delay as 28 binary digits, the largest first, before the name', () => {
  expect(delayKey(1, 'mail')).toBe(`${'0.'.repeat(27)}1.mail`);
  expect(delayKey(10, 'eu.mail')).toBe(`${'0.'.repeat(24)}1.0.1.0.eu.mail`);
  expect(delayKey(2 ** 28 - 1, 'mail')).toBe(`${'1.'.repeat(28)}mail`);
});

it('enters where its first 1 is', () => {
  const units = fc.integer({ min: 1, max: 2 ** 28 - 1 });
  fc.assert(
    fc.property(units, (count) => {
      expect(delayKey(count, 'q').indexOf('1')).toBe(2 * (27 - firstLevel(count)));
    }),
  );
});

it('rounds up to whole units, so that nothing comes early', () => {
  const ms = fc.integer({ min: 1, max: maxDelayMs(100) });
  fc.assert(
    fc.property(ms, fc.integer({ min: 100, max: 2_000 }), (delayMs, unitMs) => {
      const digits = delayKey(delayUnits(unitMs, delayMs), 'q').split('.').slice(0, 28).join('');
      const waitedMs = Number.parseInt(digits, 2) * unitMs;
      expect(waitedMs).toBeGreaterThanOrEqual(delayMs);
      expect(waitedMs - delayMs).toBeLessThan(unitMs);
    }),
  );
});

it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, maxDelayMs(100) + 1])('refuses a delay of %d ms', (delayMs) => {
  expect(() => delayUnits(100, delayMs)).toThrow(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining('26843545500 ms') }),
  );
});

it('tells the queue from the key again, whatever it is called', () => {
  const name = fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom(...'ab.*#%2A5é') });
  fc.assert(
    fc.property(
      fc.oneof(name, fc.string({ minLength: 1, maxLength: 40 })),
      fc.integer({ min: 1, max: 2 ** 28 - 1 }),
      (queue, units) => {
        expect(destinationOf(delayKey(units, queue))).toBe(queue);
      },
    ),
  );
});

it.each(['', 'mail', '1.0.mail', '0.'.repeat(28), `${'2.'.repeat(28)}mail`])("'%s' is no key of the ladder", (key) => {
  expect(destinationOf(key)).toBeUndefined();
});

it('leaves no word of a name that a binding would take for any word', () => {
  const words = destinationKey('a.*.#.b').split('.');
  expect(words.slice(28)).toEqual(['a', '%2A', '%23', 'b']);
});

it('takes names whose keys have 255 bytes, and no longer ones', () => {
  const longest = `${'é'.repeat(99)}x`;
  expect(Buffer.byteLength(destinationKey(longest))).toBe(255);
  expect(() => checkDestination(`${longest}x`)).toThrow(
    "queue: expected a name of at most 199 bytes with its prefix ('*', '#' and '%' count as 3), found 200 bytes.",
  );
  expect(() => checkDestination('*'.repeat(67))).toThrow(/found 201/);
  expect(() => checkDestination('*'.repeat(66))).not.toThrow();
});
