import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TqError } from '../../../src/errors.js';
import { fieldsOf, itemsOf, prepend, restOf } from '../../../src/protocol/canvas/json-text.js';

describe('itemsOf', () => {
  it.each([
    ['[]', []],
    [' [ ] ', []],
    ['[1]', ['1']],
    ['[1, "a,]\\"[" ,{"b": [2,3]},[ ]]', ['1', '"a,]\\"["', '{"b": [2,3]}', '[ ]']],
    ['["\\\\", "\\\\\\""]', ['"\\\\"', '"\\\\\\""']],
    ['[18446744073709551616,1e400]', ['18446744073709551616', '1e400']],
  ])('takes %s apart as it stands', (text, items) => {
    expect(itemsOf(text, 'list')).toEqual(items);
  });

  it.each(['{}', '1', '"x"', 'null', ''])('refuses %s', (text) => {
    expect(() => itemsOf(text, 'chain')).toThrow(/expected a list as chain, found/);
  });
});

describe('restOf', () => {
  it.each([
    ['[[1,2], {"a":"]"}, {"b":[3]} ]', 2, ' {"b":[3]} '],
    ['[1,2,3,4]', 2, '3,4'],
    ['[1,2]', 2, ''],
    ['[1]', 2, ''],
    ['[', 2, ''],
  ])('of %s gives what stands behind the first %i', (text, count, rest) => {
    expect(restOf(text, count, 'body')).toBe(rest);
  });
});

describe('fieldsOf', () => {
  it.each([
    ['{}', {}],
    ['{"a":1, "b" : {"c":"}"}, "d":[1,{"e":2}] }', { a: '1', b: '{"c":"}"}', d: '[1,{"e":2}]' }],
    ['{"a":1,"a":2}', { a: '2' }],
    ['{"\\u0061\\"":1,"":2}', { 'a"': '1', '': '2' }],
  ])('takes %s apart as it stands', (text, fields) => {
    expect(Object.fromEntries(fieldsOf(text, 'object'))).toEqual(fields);
  });

  it('keeps a key that would change what an object inherits', () => {
    expect([...fieldsOf('{"__proto__":1}', 'object')]).toEqual([['__proto__', '1']]);
  });
});

describe('prepend', () => {
  it('puts a value first', () => {
    expect([prepend('1', '[]'), prepend('1', ' [ ] '), prepend('[1]', '[2]')]).toEqual(['[1]', '[1]', '[[1],2]']);
  });
});

it('any JSON comes out of its parts as it was', () => {
  const wholes = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()));
  fc.assert(
    fc.property(wholes, fc.constantFrom(0, 1), (whole, indent) => {
      const text = JSON.stringify(whole, null, indent);
      const value = JSON.parse(text);
      if (Array.isArray(value)) expect(itemsOf(text, 'list').map((item) => JSON.parse(item))).toEqual(value);
      else {
        const fields = Array.from(fieldsOf(text, 'object'), ([key, member]) => [key, JSON.parse(member)]);
        expect(Object.fromEntries(fields)).toEqual(value);
      }
    }),
    { seed: 7, numRuns: 300 },
  );
});

it('of what is no JSON it takes something apart and ends', () => {
  const text = fc.string({ unit: fc.constantFrom(...'[]{}",:\\ 1a'), maxLength: 16 });
  fc.assert(
    fc.property(text, (any) => {
      for (const take of [itemsOf, fieldsOf]) {
        try {
          take(any, 'text');
        } catch (error) {
          expect(error).toBeInstanceOf(TqError);
        }
      }
    }),
    { seed: 8, numRuns: 2_000 },
  );
});
