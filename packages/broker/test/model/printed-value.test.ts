import { describe, expect, it } from 'vitest';
import { type FieldValue, longString } from '../../src/field-value.js';
import { plainValue, printedText, printedValue } from '../../src/model/printed-value.js';
import { array, bytes, decimal, deep, double, float, int, nothing, table, yes } from './field-values.js';

describe('a value in an error text', () => {
  it.each<[value: FieldValue, text: string]>([
    [longString('abc'), '<<"abc">>'],
    [longString(''), '<<>>'],
    [longString('a"b\\c\n\t\x1b'), '<<"a\\"b\\\\c\\n\\t\\e">>'],
    [longString('fö'), '<<"fö">>'],
    [longString('€'), '<<226,130,172>>'],
    [bytes('a\0'), '<<97,0>>'],
    [int(-1), '-1'],
    [{ tag: 'l', value: 2n ** 62n }, '4611686018427387904'],
    [yes, 'true'],
    [nothing, 'undefined'],
    [decimal(1, 2), '{1,2}'],
    [array(), '[]'],
    [array(int(1), longString('a')), '[{signedint,1},{longstr,<<"a">>}]'],
    [
      table([
        ['k', longString('v')],
        ['', yes],
      ]),
      '[{<<"k">>,longstr,<<"v">>},{<<>>,bool,true}]',
    ],
    [array(array(int(1)), int(2)), '[{array,[{signedint,1}]},{signedint,2}]'],
    [float(1.5), '1.5'],
  ])('%o is %s', (value, text) => {
    expect(printedValue(value)).toBe(text);
  });

  it.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [100, '100.0'],
    [1000, '1.0e3'],
    [123456, '123456.0'],
    [123456789.125, '123456789.125'],
    [1.2e22, '1.2e22'],
    [0.5, '0.5'],
    [-0.01, '-0.01'],
    [0.001, '0.001'],
    [0.00001, '1.0e-5'],
    [1.2345e-7, '1.2345e-7'],
  ])('the double %d is %s', (number, text) => {
    expect(printedValue(double(number))).toBe(text);
  });

  it('may lie 18,000 levels deep', () => {
    const begin = '[{<<>>,array,[{table,'.repeat(8_999);
    const bottom = '[{<<>>,array,[{signedint,1}]}]';
    expect(printedValue(deep(int(1))) === begin + bottom + '}]}]'.repeat(8_999)).toBe(true);
  });

  it('is the text itself where a text is asked for', () => {
    expect(plainValue(longString('€"'))).toBe('€"');
    expect(plainValue(int(1))).toBe('1');
  });

  it('is in quotes, or a list of bytes, when it is a phrase', () => {
    expect(printedText("mode 'fö'")).toBe('"mode \'fö\'"');
    expect(printedText('a€')).toBe('[97,226,130,172]');
  });
});
