import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AmqpError } from '../../src/errors.js';
import { closeArguments } from '../../src/session/close-method.js';

function textOf(text: string): string {
  return closeArguments(new AmqpError('NOT_FOUND', text)).replyText;
}

describe('the text of a close', () => {
  it("is the error's, with its code and method", () => {
    const error = new AmqpError('NOT_FOUND', 'no such thing');
    error.method = { classId: 50, methodId: 10 };
    expect(closeArguments(error)).toEqual({
      replyCode: 404,
      replyText: 'NOT_FOUND - no such thing',
      classId: 50,
      methodId: 10,
    });
  });

  it('is whole up to 255 bytes', () => {
    const longest = 'x'.repeat(255 - 'NOT_FOUND - '.length);
    expect(textOf(longest)).toBe(`NOT_FOUND - ${longest}`);
    expect(textOf(`${longest}x`)).toBe(`NOT_FOUND - ${longest.slice(0, -3)}...`);
  });

  it('is cut between two characters, never within one', () => {
    expect(textOf('é'.repeat(200))).toBe(`NOT_FOUND - ${'é'.repeat(120)}...`);
    expect(textOf(`x${'é'.repeat(200)}`)).toBe(`NOT_FOUND - x${'é'.repeat(119)}...`);
  });

  it('fits, and is the beginning of what was to be said', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 50, maxLength: 300 }), (text) => {
        const told = textOf(text);
        expect(Buffer.byteLength(told)).toBeLessThanOrEqual(255);
        expect(`NOT_FOUND - ${text}`.startsWith(told.endsWith('...') ? told.slice(0, -3) : told)).toBe(true);
      }),
    );
  });
});
