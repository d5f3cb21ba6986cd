import { describe, expect, it } from 'vitest';
import { frameError, undecodableMethod, unexpectedFrame } from '../../src/wire/frame-errors.js';

const hex = (text: string) => Buffer.from(text, 'hex');

describe('texts about frames, as RabbitMQ 3.10.8 writes them', () => {
  it.each([
    ['nothing', Buffer.alloc(0), 'all octets = <<>>'],
    ['octets', hex('0102ff'), 'all octets = <<1,2,255>>'],
    ['text', Buffer.from('hello'), 'all octets = <<"hello">>'],
    ['text with quotes and controls', Buffer.from('a"b\\c\n\t\r\b\f'), 'all octets = <<"a\\"b\\\\c\\n\\t\\r\\b\\f">>'],
    ['text with what cannot be printed', Buffer.from('a\x1b\x7f'), 'all octets = <<97,27,127>>'],
    ['much text', Buffer.from('hello hello hello hello'), 'first 16 octets = <<"hello hello hell">>'],
  ])('show %s', (_name, payload, text) => {
    expect(frameError(5, payload, 'unknown_frame')).toMatchObject({
      replyCode: 501,
      scope: 'connection',
      message: `FRAME_ERROR - type 5, ${text}: unknown_frame`,
    });
    expect(unexpectedFrame(8, payload)).toMatchObject({
      replyCode: 505,
      scope: 'connection',
      message: `UNEXPECTED_FRAME - type 8, ${text}`,
    });
  });

  it('show the arguments of a method that cannot be decoded', () => {
    expect(undecodableMethod(hex('0000')).message).toBe('FRAME_ERROR - cannot decode <<0,0>>');
    expect(undecodableMethod(Buffer.from('ab')).message).toBe('FRAME_ERROR - cannot decode <<97,98>>');
  });

  it('stay short for long arguments', () => {
    expect(undecodableMethod(Buffer.alloc(100_000)).message.length).toBeLessThan(600);
  });
});
