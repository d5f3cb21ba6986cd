import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BASIC_CLASS, FRAME } from '../../src/wire/constants.js';
import { FrameReader } from '../../src/wire/frame-reader.js';
import { FrameWriter } from '../../src/wire/frame-writer.js';
import { decodeMethod } from '../../src/wire/methods.js';
import { anyMethod, bytes } from './arbitraries.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const taken = (writer: FrameWriter) => Buffer.concat(writer.take());

/** The frames in some bytes. */
function framesOf(stream: Buffer) {
  const frames: { readonly type: number; readonly channel: number; readonly payload: Buffer }[] = [];
  const reader = new FrameReader((type, channel, payload) => frames.push({ type, channel, payload }));
  reader.maxFrameSize = 0;
  reader.push(stream);
  return frames;
}

const PROPERTIES = hex('1000 02');
const ARGS = { consumerTag: 'c', deliveryTag: 1, redelivered: false, exchange: '', routingKey: 'q' };

function deliver(writer: FrameWriter, body: Buffer, maxFrameSize: number): void {
  const content = Buffer.concat([PROPERTIES, body]);
  writer.content(3, 'basic.deliver', ARGS, BASIC_CLASS, content, PROPERTIES.length, maxFrameSize);
}

describe('a frame writer', () => {
  it('writes a heartbeat', () => {
    const writer = new FrameWriter();
    writer.heartbeat();
    expect(taken(writer)).toEqual(hex('08 0000 00000000 ce'));
  });

  it('writes a method', () => {
    const writer = new FrameWriter();
    writer.method(258, 'basic.ack', { deliveryTag: 7, multiple: true });
    expect(taken(writer)).toEqual(hex('01 0102 0000000d 003c0050 0000000000000007 01 ce'));
  });

  it('writes a content as method, header and body', () => {
    const writer = new FrameWriter();
    deliver(writer, Buffer.from('body'), 4096);
    const expected = hex(
      `01 0003 00000012 003c003c 0163 0000000000000001 00 00 0171 ce
       02 0003 0000000f 003c0000 0000000000000004 100002 ce
       03 0003 00000004 626f6479 ce`.replaceAll('\n', ''),
    );
    expect(writer.pendingBytes).toBe(expected.length);
    expect(taken(writer)).toEqual(expected);
  });

  it('writes no body frame for an empty body', () => {
    const writer = new FrameWriter();
    deliver(writer, Buffer.alloc(0), 4096);
    expect(framesOf(taken(writer)).map(({ type }) => type)).toEqual([FRAME.method, FRAME.header]);
  });

  it.each([
    [4096, 4088, [4088]],
    [4096, 4089, [4088, 1]],
    [4096, 10_000, [4088, 4088, 1824]],
    [131_072, 300_000, [131_064, 131_064, 37_872]],
    [0, 300_000, [300_000]],
  ])('cuts a body to frames of %d bytes: %d', (maxFrameSize, size, sizes) => {
    const writer = new FrameWriter();
    const body = Buffer.alloc(size, 7);
    deliver(writer, body, maxFrameSize);
    const frames = framesOf(taken(writer)).slice(2);
    expect(frames.map(({ payload }) => payload.length)).toEqual(sizes);
    expect(Buffer.concat(frames.map(({ payload }) => payload)).equals(body)).toBe(true);
  });

  it('writes a large body from where it lies', () => {
    const writer = new FrameWriter();
    const content = Buffer.concat([PROPERTIES, Buffer.alloc(100_000)]);
    writer.content(1, 'basic.deliver', ARGS, BASIC_CLASS, content, PROPERTIES.length, 131_072);
    expect(writer.take().filter(({ buffer }) => buffer === content.buffer)).toHaveLength(1);
  });

  it('writes many methods of any size as they were', () => {
    fc.assert(
      fc.property(fc.array(anyMethod, { maxLength: 60 }), (methods) => {
        const writer = new FrameWriter();
        for (const { name, args } of methods) writer.method(1, name, args);
        const { pendingBytes } = writer;
        const stream = taken(writer);
        expect(framesOf(stream).map(({ payload }) => decodeMethod(payload))).toEqual(methods);
        expect(stream).toHaveLength(pendingBytes);
      }),
    );
  });

  it('writes contents of any size, between other frames, as they were', () => {
    fc.assert(
      fc.property(fc.array(bytes(400), { maxLength: 30 }), fc.nat(40), (bodies, factor) => {
        const writer = new FrameWriter();
        const large = bodies.map((body) => Buffer.concat(Array<Buffer>(factor).fill(body)));
        for (const body of large) {
          writer.heartbeat();
          deliver(writer, body, 4096 * 8);
        }
        const frames = framesOf(taken(writer));
        const written = Buffer.concat(frames.filter(({ type }) => type === FRAME.body).map(({ payload }) => payload));
        expect(written.equals(Buffer.concat(large))).toBe(true);
        expect(frames.filter(({ type }) => type === FRAME.heartbeat)).toHaveLength(bodies.length);
      }),
    );
  });

  it('does not write over what was taken before', () => {
    const writer = new FrameWriter();
    writer.method(1, 'basic.ack', { deliveryTag: 1, multiple: false });
    const first = writer.take();
    const before = Buffer.concat(first);
    writer.method(1, 'basic.ack', { deliveryTag: 2, multiple: false });
    writer.take();
    expect(Buffer.concat(first)).toEqual(before);
  });

  it('is empty once everything was taken', () => {
    const writer = new FrameWriter();
    writer.heartbeat();
    writer.take();
    expect(writer.pendingBytes).toBe(0);
    expect(writer.take()).toEqual([]);
  });

  it('writes nothing of a method that cannot be written', () => {
    const writer = new FrameWriter();
    writer.heartbeat();
    expect(() => writer.method(1, 'basic.cancel', { consumerTag: 'x'.repeat(256), noWait: false })).toThrow(RangeError);
    writer.heartbeat();
    expect(framesOf(taken(writer)).map(({ type }) => type)).toEqual([FRAME.heartbeat, FRAME.heartbeat]);
  });
});
