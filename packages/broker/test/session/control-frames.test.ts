import { describe, expect, it } from 'vitest';
import { controlMethod, lastWord } from '../../src/session/control-frames.js';
import { FRAME } from '../../src/wire/constants.js';

const CLOSE_OK = Buffer.from([0, 10, 0, 51]);
const CLOSE = Buffer.from([0, 10, 0, 50, 0, 200, 0, 0, 0, 0, 0]);
const NOTHING = Buffer.alloc(0);

describe('a frame of channel 0', () => {
  it('carries a method, or is a heartbeat', () => {
    expect(controlMethod(FRAME.method, CLOSE)).toMatchObject({ name: 'connection.close', args: { replyCode: 200 } });
    expect(controlMethod(FRAME.heartbeat, NOTHING)).toBeUndefined();
  });

  it.each([
    ['a content header', FRAME.header, CLOSE, 'UNEXPECTED_FRAME'],
    ['a body', FRAME.body, NOTHING, 'UNEXPECTED_FRAME'],
    ['a heartbeat with a payload', FRAME.heartbeat, CLOSE, 'FRAME_ERROR'],
    ['of another type', 99, NOTHING, 'FRAME_ERROR'],
    ['half a method', FRAME.method, CLOSE.subarray(0, 6), 'FRAME_ERROR'],
  ])('may not be %s', (_what, type, payload, name) => {
    expect(() => controlMethod(type, payload)).toThrow(name);
  });
});

describe('the last word of a client', () => {
  it('is a close or the answer to one, on channel 0', () => {
    expect(lastWord(FRAME.method, 0, CLOSE)).toBe('close');
    expect(lastWord(FRAME.method, 0, CLOSE_OK)).toBe('close-ok');
  });

  it.each([
    ['another channel', FRAME.method, 1, CLOSE],
    ['another method', FRAME.method, 0, Buffer.from([0, 10, 0, 40])],
    ['less than a method', FRAME.method, 0, CLOSE.subarray(0, 3)],
    ['content', FRAME.body, 0, CLOSE],
    ['no frame at all', 99, 0, NOTHING],
  ])('is not %s', (_what, type, channel, payload) => {
    expect(lastWord(type, channel, payload)).toBeUndefined();
  });
});
