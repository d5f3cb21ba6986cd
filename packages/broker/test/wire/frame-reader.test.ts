import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../src/wire/frame-reader.js';
import { bytes } from './arbitraries.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

type Frame = readonly [type: number, channel: number, payload: Buffer];

function encode([type, channel, payload]: Frame): Buffer {
  const head = Buffer.alloc(7);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, hex('ce')]);
}

/** A reader and the frames that it has handed on. */
function readerOf(maxFrameSize = 4096) {
  const frames: Frame[] = [];
  const reader = new FrameReader((...frame) => frames.push(frame));
  reader.maxFrameSize = maxFrameSize;
  return { reader, frames };
}

const frame: fc.Arbitrary<Frame> = fc.tuple(fc.nat(255), fc.nat(65535), bytes(1500));

describe('a frame reader', () => {
  it('hands on frames however they are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 20 }), (sent, places) => {
        const { reader, frames } = readerOf();
        const stream = Buffer.concat(sent.map(encode));
        const cuts = [...places.map((place) => place % (stream.length + 1)).sort((a, b) => a - b), stream.length];
        let start = 0;
        for (const end of cuts) {
          reader.push(stream.subarray(start, end));
          start = end;
        }
        expect(frames).toEqual(sent);
      }),
    );
  });

  it('hands on each frame with its last byte', () => {
    const { reader, frames } = readerOf();
    const sent: readonly Frame[] = [
      [1, 1, Buffer.from('method')],
      [8, 0, Buffer.alloc(0)],
      [3, 65535, Buffer.alloc(1000, 7)],
    ];
    sent.forEach((expected, index) => {
      const stream = encode(expected);
      for (let at = 0; at < stream.length; at++) {
        expect(frames).toHaveLength(index);
        reader.push(stream.subarray(at, at + 1));
      }
      expect(frames.at(-1)).toEqual(expected);
    });
  });

  it('keeps what comes in pieces apart from the chunks', () => {
    const { reader, frames } = readerOf();
    const stream = encode([1, 1, Buffer.from('payload')]);
    const piece = Buffer.from(stream.subarray(0, 9));
    reader.push(piece);
    piece.fill(0);
    reader.push(stream.subarray(9));
    expect(frames).toEqual([[1, 1, Buffer.from('payload')]]);
  });

  it('takes a payload as large as a frame may be, like RabbitMQ', () => {
    const { reader, frames } = readerOf(4096);
    reader.push(encode([3, 1, Buffer.alloc(4096)]));
    expect(frames).toHaveLength(1);
  });

  it('refuses a frame that is too large before it comes', () => {
    const { reader, frames } = readerOf(131072);
    reader.push(hex('01 0001'));
    expect(() => reader.push(hex('00030000'))).toThrow(
      expect.objectContaining({
        replyCode: 501,
        message: 'FRAME_ERROR - type 1, all octets = <<>>: {frame_too_large,196608,131064}',
      }),
    );
    expect(reader.broken).toBe(true);
    expect(frames).toEqual([]);
  });

  it('refuses a frame with a wrong end, and reads nothing after it', () => {
    const { reader, frames } = readerOf();
    const wrong = encode([1, 1, hex('0014000a00')]);
    wrong[wrong.length - 1] = 65;
    expect(() => reader.push(Buffer.concat([encode([8, 0, Buffer.alloc(0)]), wrong, wrong]))).toThrow(
      'FRAME_ERROR - type 1, all octets = <<0,20,0,10,0>>: {invalid_frame_end_marker,65}',
    );
    reader.push(encode([1, 1, Buffer.alloc(0)]));
    expect(reader.broken).toBe(true);
    expect(frames).toEqual([[8, 0, Buffer.alloc(0)]]);
  });

  it('goes on behind a frame that its owner would not have', () => {
    const seen: number[] = [];
    const reader = new FrameReader((_type, channel) => {
      seen.push(channel);
      if (channel % 2 === 0) throw new Error(`channel ${channel}`);
    });
    const stream = Buffer.concat([1, 2, 3, 4, 5].map((channel) => encode([1, channel, Buffer.from('x')])));
    expect(() => reader.push(stream.subarray(0, -3))).toThrow('channel 2');
    expect(() => reader.push(Buffer.alloc(0))).toThrow('channel 4');
    reader.push(Buffer.alloc(0));
    expect(seen).toEqual([1, 2, 3, 4]);
    reader.push(stream.subarray(-3));
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(reader.broken).toBe(false);
  });

  it('goes on behind such a frame also when it came in pieces', () => {
    const seen: number[] = [];
    const reader = new FrameReader((_type, channel) => {
      seen.push(channel);
      if (channel === 1) throw new Error('refused');
    });
    const stream = Buffer.concat([encode([1, 1, Buffer.from('x')]), encode([1, 2, Buffer.from('y')])]);
    reader.push(stream.subarray(0, 5));
    expect(() => reader.push(stream.subarray(5))).toThrow('refused');
    reader.push(Buffer.alloc(0));
    expect(seen).toEqual([1, 2]);
  });

  it('takes time in proportion for a large frame that comes byte by byte', () => {
    const { reader, frames } = readerOf(0);
    // Were all of it copied with each byte, this would take minutes.
    const size = 1_000_000;
    const stream = encode([3, 1, Buffer.alloc(size, 7)]);
    for (let at = 0; at < stream.length; at++) reader.push(stream.subarray(at, at + 1));
    expect(frames[0]?.[2]).toHaveLength(size);
  });

  it('answers any bytes with frames or an AMQP error', () => {
    fc.assert(
      fc.property(fc.array(bytes(40), { maxLength: 10 }), (chunks) => {
        const { reader } = readerOf();
        try {
          for (const chunk of chunks) reader.push(chunk);
        } catch (error) {
          expect(error).toMatchObject({ name: 'AmqpError', replyCode: 501 });
          expect(reader.broken).toBe(true);
        }
      }),
    );
  });
});
