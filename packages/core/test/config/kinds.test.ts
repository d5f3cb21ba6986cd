import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytes,
  custom,
  duration,
  flag,
  integer,
  list,
  NO_LIMIT,
  program,
  text,
  words,
} from '../../src/config/kinds.js';
import type { Option } from '../../src/config/option.js';
import { readText } from '../../src/config/resolve.js';

const describe_ = { describe: 'x' };
const range = { min: 1, max: NO_LIMIT };
const ONE_OF_EACH: readonly (readonly [Option, fc.Arbitrary<unknown>])[] = [
  [text(describe_), fc.string({ minLength: 1 })],
  [integer({ ...describe_, min: -5, max: 1_000 }), fc.integer({ min: -5, max: 1_000 })],
  [duration({ ...describe_, ...range }), fc.integer(range)],
  [duration({ ...describe_, ...range }), fc.integer({ min: 1, max: 1_000 }).map((n) => n * 86_400_000)],
  [bytes({ ...describe_, ...range }), fc.integer(range)],
  [bytes({ ...describe_, ...range }), fc.integer({ min: 1, max: 1_000 }).map((n) => n * 2 ** 20)],
  [words(['tq', 'celery'], describe_), fc.constantFrom('tq', 'celery')],
  [list({ ...describe_, expected: 'name' }), fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1 })],
  [flag(describe_), fc.boolean()],
];

describe('an option', () => {
  it.each(ONE_OF_EACH.map(([option, values]) => [option.kind, option, values] as const))(
    'of kind %s reads from a text what it printed',
    (_kind, option, values) => {
      fc.assert(
        fc.property(values, (value) => {
          expect(option.check(value, 'x')).toEqual(value);
          expect(readText(option, option.print(value), 'X').value).toEqual(value);
        }),
      );
    },
  );

  it.each<[Option, unknown, unknown]>([
    [duration({ ...describe_, ...range }), '10s', 10_000],
    [duration({ ...describe_, ...range }), '250', 250],
    [bytes({ ...describe_, ...range }), '200mb', 209_715_200],
    [bytes({ ...describe_, ...range }), '1.5 KB', 1_536],
    [list({ ...describe_, expected: 'name' }), 'a,b', ['a,b']],
    [program(describe_), Math.max, Math.max],
  ])('takes what people write: %#', (option, value, found) => {
    expect(option.check(value, 'x')).toEqual(found);
  });

  it.each([
    ['yes', true],
    ['1', true],
    ['off', false],
    ['0', false],
  ])('that is on or off reads %j', (given, value) => {
    expect(readText(flag(describe_), given, 'X').value).toBe(value);
  });

  it.each<[Option, unknown, string]>([
    [text(describe_), '', 'x: expected a text, found an empty text.'],
    [text(describe_), ['a'], 'x: expected a text, found a list.'],
    [text(describe_), null, 'x: expected a text, found null.'],
    [text(describe_), {}, 'x: expected a text, found a value of type object.'],
    [integer({ ...describe_, min: 1, max: 9 }), '4', 'x: expected a whole number from 1 to 9, found 4.'],
    [duration({ ...describe_, ...range }), 'soon', "x: expected a duration such as 500ms, 10s or 5m, found 'soon'."],
    [
      duration({ ...describe_, min: 0, max: 1_000 }),
      '2s',
      'x (ms): expected a whole number from 0 to 1000, found 2000.',
    ],
    [duration({ ...describe_, ...range }), true, 'x (ms): expected a whole number'],
    [bytes({ ...describe_, ...range }), 'much', "x: expected a size such as 200mb, 1.5gb or 1048576, found 'much'."],
    [bytes({ ...describe_, ...range }), 0, 'x (bytes): expected a whole number from 1'],
    [words(['tq', 'celery'], describe_), 'selery', "expected tq or celery, found 'selery'. Did you mean 'celery'?"],
    [list({ ...describe_, expected: 'name' }), [], 'x: expected at least one name, found none.'],
    [list({ ...describe_, expected: 'name' }), [1], 'x: expected at least one name'],
    [flag(describe_), 'maybe', "x: expected true or false, found 'maybe'."],
  ])('refuses what it cannot be, saying what was expected and found: %#', (option, value, message) => {
    expect(() => option.check(value, 'x')).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(message) }),
    );
  });

  it('may have a shape, a reading and a text of its own', () => {
    const point = custom(
      { ...describe_, default: [0, 0] },
      {
        kind: 'record',
        range: '',
        read: (given) => given.split(' ').map(Number),
        check: (v) => v as number[],
        print: String,
      },
    );
    expect(readText(point, '1 2', 'X').value).toEqual([1, 2]);
  });
});
