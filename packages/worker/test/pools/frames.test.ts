import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateFrame, FrameDecoder, HEADER_BYTES } from '../../src/pools/frames.js';

function frame(payload: Uint8Array): Buffer {
  const made = allocateFrame(payload.length);
  made.set(payload, HEADER_BYTES);
  return made;
}

/** Cuts bytes at these places, given as shares of their length. */
function cut(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const places = [...shares.map((share) => Math.floor(share * bytes.length)), bytes.length].sort((a, b) => a - b);
  return places.map((end, index) => bytes.subarray(places[index - 1] ?? 0, end));
}

const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });

describe('frames', () => {
  it('come out as they went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(payloads, shares, (wanted, cuts) => {
        const decoder = new FrameDecoder();
        const found = cut(Buffer.concat(wanted.map(frame)), cuts).flatMap((piece) => {
          // As from a socket that uses one buffer again and again.
          const lent = Buffer.from(piece);
          const out = decoder.push(lent).map((payload) => Uint8Array.from(payload));
          lent.fill(0xff);
          return out;
        });
        expect(found).toEqual(wanted);
      }),
    );
  });

  it('come out byte by byte', () => {
    const decoder = new FrameDecoder();
    const bytes = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.alloc(0)), frame(Buffer.from('three'))]);
    const found = [...bytes].flatMap((byte) => decoder.push(Buffer.of(byte)).map(String));
    expect(found).toEqual(['one', '', 'three']);
  });

  it('are not copied when they come whole', () => {
    const bytes = frame(Buffer.from('whole'));
    const [payload] = new FrameDecoder().push(bytes);
    expect(payload?.buffer).toBe(bytes.buffer);
  });

  it('are bounded where they are made and where they are read', () => {
    const tooLarge = expect.objectContaining({ code: 'message-too-large', fields: { size: 11, limit: 10 } });
    expect(() => allocateFrame(11, 10)).toThrow(tooLarge);
    const decoder = new FrameDecoder(10);
    expect(decoder.push(frame(Buffer.alloc(10)))).toHaveLength(1);
    expect(() => decoder.push(frame(Buffer.alloc(11)).subarray(0, HEADER_BYTES))).toThrow(tooLarge);
  });
});
