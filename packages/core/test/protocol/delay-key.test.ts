import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkDestination, delayKey, destinationKey, destinationOf, maxDelayMs } from '../../src/protocol/delay-key.js';

it('writes a delay as 28 binary digits, the largest first, before the name', () => {
  expect(delayKey(100, 'mail', 100)).toBe(`${'0.'.repeat(27)}1.mail`);
  expect(delayKey(100, 'eu.mail', 1_000)).toBe(`${'0.'.repeat(24)}1.0.1.0.eu.mail`);
  expect(delayKey(100, 'mail', maxDelayMs(100))).toBe(`${'1.'.repeat(28)}mail`);
});

it('rounds up to whole units, so that nothing comes early', () => {
  const ms = fc.integer({ min: 1, max: maxDelayMs(100) });
  fc.assert(
    fc.property(ms, fc.integer({ min: 100, max: 2_000 }), (delayMs, unitMs) => {
      const digits = delayKey(unitMs, 'q', delayMs).split('.').slice(0, 28).join('');
      const waitedMs = Number.parseInt(digits, 2) * unitMs;
      expect(waitedMs).toBeGreaterThanOrEqual(delayMs);
      expect(waitedMs - delayMs).toBeLessThan(unitMs);
    }),
  );
});

it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, maxDelayMs(100) + 1])('refuses a delay of %d ms', (delayMs) => {
  expect(() => delayKey(100, 'q', delayMs)).toThrow(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining('26843545500 ms') }),
  );
});

it('tells the queue from the key again, whatever it is called', () => {
  const name = fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom(...'ab.*#%2A5é') });
  fc.assert(
    fc.property(
      fc.oneof(name, fc.string({ minLength: 1, maxLength: 40 })),
      fc.integer({ min: 1 }),
      (queue, delayMs) => {
        expect(destinationOf(delayKey(100, queue, delayMs))).toBe(queue);
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
