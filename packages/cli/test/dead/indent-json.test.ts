import fc from 'fast-check';
import { expect, it } from 'vitest';
import { indentJson } from '../../src/dead/indent-json.js';

it('writes as JSON.stringify does with two spaces', () => {
  const shape = fc.jsonValue();
  fc.assert(
    fc.property(shape, (value) => {
      const indented = JSON.stringify(value, undefined, 2);
      expect(indentJson(JSON.stringify(value))).toBe(indented);
      expect(indentJson(indented)).toBe(indented);
    }),
  );
});

it('keeps numbers and texts as they are written', () => {
  expect(indentJson('[12345678901234567890, 1.0,1e2, "a\\u0041, [\\"b\\"]: {",[ ],{ }]')).toBe(
    '[\n  12345678901234567890,\n  1.0,\n  1e2,\n  "a\\u0041, [\\"b\\"]: {",\n  [],\n  {}\n]',
  );
});
