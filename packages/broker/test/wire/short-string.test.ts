import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeText, encodeShortString, isEscaped } from '../../src/wire/short-string.js';
import { bytes, shortText } from './arbitraries.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const textOf = (octets: Buffer) => decodeText(octets, 0, octets.length);

describe('short strings', () => {
  it('are UTF-8 with their count of bytes', () => {
    expect(encodeShortString('aé€😀')).toEqual(hex('0a 61 c3a9 e282ac f09f9880'));
    expect(textOf(hex('61 c3a9 e282ac f09f9880'))).toBe('aé€😀');
  });

  it('may hold the replacement character by right', () => {
    expect(textOf(hex('61 efbfbd'))).toBe('a\ufffd');
    expect(isEscaped('a\ufffd')).toBe(false);
  });

  it('come back from text as they were', () => {
    fc.assert(
      fc.property(shortText, (text) => {
        expect(textOf(encodeShortString(text).subarray(1))).toBe(text);
      }),
    );
  });

  it('come back from any octets as they were', () => {
    fc.assert(
      fc.property(bytes(255), (octets) => {
        expect(encodeShortString(textOf(octets)).subarray(1)).toEqual(octets);
      }),
    );
  });

  it.each([
    ['a stray continuation', '41 80', 'A\udc80'],
    ['a cut sequence', 'e282', '\udce2\udc82'],
    ['a broken sequence', 'e2 41', '\udce2A'],
    ['an overlong sequence', 'c080', '\udcc0\udc80'],
    ['a surrogate', 'eda080', '\udced\udca0\udc80'],
  ])('show octets that are no UTF-8 as lone surrogates: %s', (_name, octets, text) => {
    expect(textOf(hex(octets))).toBe(text);
    expect(isEscaped(text)).toBe(true);
  });

  it('are refused above 255 bytes', () => {
    expect(encodeShortString('é'.repeat(127))).toHaveLength(255);
    expect(() => encodeShortString('é'.repeat(128))).toThrow('expected a short string of at most 255 bytes, found 256');
  });
});
