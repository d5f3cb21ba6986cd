import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeForeignBody, encodeForeignBody } from '../../src/protocol/foreign-body.js';
import { decodePlainAnswer } from '../../src/protocol/plain-answer.js';

const inbound = (body: Buffer, headers = {}) => ({
  properties: { headers },
  body,
  ...{ exchange: '', routingKey: 'q', redelivered: false },
});

describe('a foreign body', () => {
  it('is JSON as JSON writes it, without types of tq', () => {
    expect(encodeForeignBody({ at: new Date(0), none: undefined }, 'json').toString()).toBe(
      '{"at":"1970-01-01T00:00:00.000Z"}',
    );
    expect(encodeForeignBody(undefined, 'json').toString()).toBe('null');
    const typed = '{"__type__":"datetime","__value__":"x"}';
    expect(decodeForeignBody(Buffer.from(typed), 'json')).toEqual(JSON.parse(typed));
  });

  it('comes back as it was, as JSON, text and bytes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'grapheme' }), fc.uint8Array(), (value, text, bytes) => {
        expect(JSON.stringify(decodeForeignBody(encodeForeignBody(value, 'json'), 'json'))).toBe(JSON.stringify(value));
        expect(decodeForeignBody(encodeForeignBody(text, 'text'), 'text')).toBe(text);
        expect(decodeForeignBody(encodeForeignBody(bytes, 'bytes'), 'bytes')).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('never fails otherwise than as poison, and quotes nothing of it', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom('json' as const, 'text' as const), (bytes, format) => {
        try {
          decodeForeignBody(Buffer.from(bytes), format);
        } catch (error) {
          expect(error).toMatchObject({ code: 'poison' });
        }
      }),
    );
    expect(() => decodeForeignBody(Buffer.from('secret'), 'json')).toThrow(/^Expected JSON, found 6 characters/);
  });

  it('is refused where the format cannot carry it', () => {
    for (const [body, format] of [
      [10n, 'json'],
      [() => 1, 'json'],
      [{}, 'text'],
      [null, 'text'],
      ['x', 'bytes'],
    ] as const) {
      expect(() => encodeForeignBody(body, format)).toThrow(expect.objectContaining({ code: 'unserialisable' }));
    }
  });
});

describe('a plain answer', () => {
  it('is an error where the header says so, in either form, and else a value', () => {
    const headers = { 'tq-error': 'RangeError' };
    const remote = { name: 'RangeError', message: 'too large' };
    for (const text of [
      '{"error":{"type":"RangeError","message":"too large"}}',
      'RangeError: too large',
      'too large',
    ]) {
      expect(decodePlainAnswer(inbound(Buffer.from(text), headers), 'json')).toMatchObject({
        kind: 'error',
        error: remote,
      });
    }
    expect(decodePlainAnswer(inbound(Buffer.from('7')), 'json')).toEqual({ kind: 'value', value: 7 });
    expect(decodePlainAnswer(inbound(Buffer.from('null'), headers), 'json')).toMatchObject({
      error: { message: 'null' },
    });
  });
});
