import { expect, it } from 'vitest';
import { Arguments, type OptionValue } from '../../src/arguments.js';
import { filterOf, isEverything } from '../../src/dead/filter.js';

const read = (values: Readonly<Record<string, OptionValue>>) => filterOf(new Arguments('dead list', [], values));

it('has what was asked for and nothing else', () => {
  expect(read({})).toEqual({});
  expect(isEverything(read({}))).toBe(true);
  const given = { queue: ['mail', 'math'], task: 'mail.*', reason: ['failed'], id: ['x', 'y'], limit: '10' };
  const filter = read({ ...given, error: 'ECONN', 'older-than': '90s', 'newer-than': '2h' });
  expect(filter).toEqual({
    ...{ queues: ['mail', 'math'], task: 'mail.*', reason: ['failed'], id: ['x', 'y'], limit: 10, error: 'ECONN' },
    ...{ olderThan: 90_000, newerThan: 7_200_000 },
  });
  expect(isEverything(filter)).toBe(false);
});

it.each([
  ['ECONNREFUSED /tmp', 'ECONNREFUSED /tmp'],
  ['/^TypeError: .*x/', /^TypeError: .*x/u],
  ['/timeout/i', /timeout/iu],
  ['/', '/'],
  ['//', '//'],
])('--error %s is %s', (text, expected) => {
  expect(read({ error: text }).error).toEqual(expected);
});

it.each([
  [{ error: '/(/' }, 'usage', '--error: expected a regular expression'],
  [{ 'older-than': 'yesterday' }, 'invalid-option', '--older-than: expected a duration'],
  [{ 'newer-than': '5' }, 'invalid-option', '--newer-than: expected a duration'],
  [{ limit: '0' }, 'invalid-option', '--limit'],
  [{ limit: 'all' }, 'usage', '--limit: expected a whole number'],
])('refuses %j', (values, code, text) => {
  expect(() => read(values)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
});
