import { expect, it } from 'vitest';
import { parseRate } from '../../src/dead/rate.js';

it.each([
  ['50/s', 50],
  ['50', 50],
  ['0.5/s', 0.5],
  ['120/m', 2],
  ['3600/h', 1],
  [' 100000/s ', 100_000],
])('%j is %f messages a second', (text, perSecond) => {
  expect(parseRate(text, '--rate')).toBe(perSecond);
});

it.each(['', '0/s', '-1/s', '50/d', '50/', '/s', 'fast', '1e3', '100001/s', '50 /s', '1/s/s'])('%j is none', (text) => {
  expect(() => parseRate(text, '--rate')).toThrow(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(`found '${text}'`) }),
  );
});
