import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FieldTable, type FieldValue, longString } from '../../src/field-value.js';
import { comparisonKey, tableKey } from '../../src/model/table-equality.js';
import { anyTable, array, bytes, decimal, deep, double, float, int, nothing, table, yes } from './field-values.js';

const sameTable = (a: FieldTable, b: FieldTable) => tableKey(a) === tableKey(b);

describe('two values', () => {
  it.each<[what: string, a: FieldValue, b: FieldValue]>([
    ['an integer of another width', int(1), { tag: 'b', value: 1 }],
    ['a long-long', int(-1), { tag: 'l', value: -1n }],
    ['a timestamp', int(1), { tag: 'T', value: 1n }],
    ['a float of the same number', int(1), float(1)],
    ['a double of a float that it holds exactly', float(0.5), double(0.5)],
    ['minus zero', int(0), double(-0)],
    ['a large integer as a double', { tag: 'l', value: 2n ** 60n }, double(2 ** 60)],
    ['a byte array of the same bytes', longString('a'), bytes('a')],
    ['an empty array and an empty table', array(), table([])],
  ])('are equal: %s', (_what, a, b) => {
    expect(comparisonKey(a)).toBe(comparisonKey(b));
  });

  it.each<[what: string, a: FieldValue, b: FieldValue]>([
    ['a number and its digits', int(1), longString('1')],
    ['the float and the double nearest to 0.1', float(0.1), double(0.1)],
    ['an integer beyond 2^53 and the double next to it', { tag: 'l', value: 2n ** 53n + 1n }, double(2 ** 53)],
    ['true and 1', yes, int(1)],
    ['void and the empty text', nothing, longString('')],
    ['void and the text void', nothing, longString('void')],
    ['a decimal and its number', decimal(0, 1), int(1)],
    ['decimals of one number', decimal(0, 1), decimal(1, 10)],
    ['arrays of other types', array(int(1)), array({ tag: 'l', value: 1n })],
    ['arrays of another order', array(int(1), int(2)), array(int(2), int(1))],
    [
      'nested tables of another order',
      table([
        ['a', yes],
        ['b', yes],
      ]),
      table([
        ['b', yes],
        ['a', yes],
      ]),
    ],
    ['an array and a table', array(yes), table([['', yes]])],
    ['arrays that end elsewhere', array(array(), yes), array(array(yes))],
    [
      'tables that end elsewhere',
      table([['a', table([['b', yes]])]]),
      table([
        ['a', table([])],
        ['b', yes],
      ]),
    ],
    [
      'a text that looks like the rest of its array',
      array(longString('a'), longString('b')),
      array(longString('aS2:bb')),
    ],
  ])('differ: %s', (_what, a, b) => {
    expect(comparisonKey(a)).not.toBe(comparisonKey(b));
  });
});

describe('values 18,000 levels deep', () => {
  it('are equal only when all that they hold is', () => {
    const key = comparisonKey(deep(int(1)));
    expect(key === comparisonKey(deep(int(1)))).toBe(true);
    expect(key === comparisonKey(deep(int(2)))).toBe(false);
    expect(key === comparisonKey(deep(int(1), 17_998))).toBe(false);
  });

  it('may be binding arguments', () => {
    expect(sameTable([['a', deep(yes)]], [['a', deep(yes)]])).toBe(true);
    expect(sameTable([['a', deep(yes)]], [['a', deep(nothing)]])).toBe(false);
  });
});

describe('two tables of binding arguments', () => {
  it('are the same in any order of their names', () => {
    fc.assert(
      fc.property(anyTable('a', 'b', 'c'), fc.nat(3), (arguments_, turn) => {
        const unique = [...new Map(arguments_)];
        expect(sameTable(unique, [...unique.slice(turn), ...unique.slice(0, turn)])).toBe(true);
      }),
    );
  });

  it('have one key only when every name has the same values of the same types', () => {
    const shape = (entries: FieldTable) =>
      JSON.stringify(entries, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
    fc.assert(
      fc.property(anyTable('a'), anyTable('a'), (a, b) => {
        expect(tableKey(a) === tableKey(b)).toBe(shape(a) === shape(b));
      }),
    );
  });

  it('differ in type though the values are equal', () => {
    expect(sameTable([['a', int(1)]], [['a', { tag: 'l', value: 1n }]])).toBe(false);
  });
});
