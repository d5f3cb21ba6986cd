import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldTable } from '../../src/field-value.js';
import { BASIC_CLASS, FRAME } from '../../src/wire/constants.js';
import { ContentAssembler, WireContent } from '../../src/wire/content.js';
import { encodeTable } from '../../src/wire/field-table.js';
import { bytes, fieldTable } from './arbitraries.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** All 14 properties, and the hex of each in order. */
const ALL = [
  ['contentType', '0161'],
  ['contentEncoding', '0162'],
  ['headers', '00000004 0168 4207'],
  ['deliveryMode', '02'],
  ['priority', '09'],
  ['correlationId', '0163'],
  ['replyTo', '0172'],
  ['expiration', '023630'],
  ['messageId', '016d'],
  ['timestamp', '0000000065000000'],
  ['type', '0174'],
  ['userId', '0175'],
  ['appId', '0170'],
  ['clusterId', '00'],
] as const;

type Property = (typeof ALL)[number][0];

/** The property section with those properties that are wanted. */
function section(wanted: (name: Property) => boolean, replaced: Partial<Record<Property, string>> = {}): Buffer {
  let flags = 0;
  let values = '';
  ALL.forEach(([name, value], index) => {
    if (!wanted(name)) return;
    flags |= 0x8000 >> index;
    values += replaced[name] ?? value;
  });
  return hex(flags.toString(16).padStart(4, '0') + values);
}

function contentOf(properties: Buffer, body: Buffer = Buffer.from('body')): WireContent {
  return new WireContent(Buffer.concat([properties, body]), properties.length);
}

function headerPayload(properties: Buffer, bodySize: bigint | number, classId = BASIC_CLASS, weight = 0): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(classId, 0);
  head.writeUInt16BE(weight, 2);
  head.writeBigUInt64BE(BigInt(bodySize), 4);
  return Buffer.concat([head, properties]);
}

const NONE = hex('0000');
const HEADERS: FieldTable = [['n', { tag: 't', value: true }]];

describe('a content', () => {
  it('finds its properties among all the others', () => {
    expect(snapshot(contentOf(section(() => true)))).toEqual({
      deliveryMode: 2,
      persistent: true,
      priority: 9,
      expiration: '60',
      replyTo: 'r',
      userId: 'u',
      headers: [['h', { tag: 'B', value: 7 }]],
    });
  });

  it('has none of them when there are no properties', () => {
    expect(snapshot(contentOf(NONE))).toEqual({
      deliveryMode: undefined,
      persistent: false,
      priority: 0,
      expiration: undefined,
      replyTo: undefined,
      userId: undefined,
      headers: [],
    });
  });

  it('is persistent with delivery-mode 2 only', () => {
    expect(contentOf(hex('1000 01')).persistent).toBe(false);
    expect(contentOf(hex('1000 07'))).toMatchObject({ persistent: false, deliveryMode: 7 });
  });

  it('gives a copy with other properties, the rest byte for byte', () => {
    const original = contentOf(section(() => true));
    const changed = original.with({ headers: HEADERS, expiration: undefined, replyTo: 'elsewhere' });
    const expected = section((name) => name !== 'expiration', {
      headers: encodeTable(HEADERS).toString('hex'),
      replyTo: '09656c73657768657265',
    });
    expect(changed.bytes).toEqual(Buffer.concat([expected, Buffer.from('body')]));
    expect(changed.bodyOffset).toBe(expected.length);
    expect(original.bytes).toEqual(Buffer.concat([section(() => true), Buffer.from('body')]));
  });

  it('gives a copy without headers for an empty table', () => {
    const changed = contentOf(section(() => true)).with({ headers: [] });
    expect(changed.bytes).toEqual(contentOf(section((name) => name !== 'headers')).bytes);
  });

  it('takes on properties that it did not have', () => {
    const changed = contentOf(NONE).with({ headers: HEADERS, replyTo: 'r' });
    expect(snapshot(changed)).toMatchObject({ headers: HEADERS, replyTo: 'r' });
    expect(changed.bytes.subarray(changed.bodyOffset)).toEqual(Buffer.from('body'));
  });

  it('keeps what it was not asked to change, with any properties and any change', () => {
    const wanted = fc.record(Object.fromEntries(ALL.map(([name]) => [name, fc.boolean()])));
    const change = fc.record({ headers: fieldTable, replyTo: fc.string({ maxLength: 9 }) }, { requiredKeys: [] });
    fc.assert(
      fc.property(wanted, change, bytes(20), (properties, changes, body) => {
        const original = contentOf(
          section((name) => properties[name] ?? false),
          body,
        );
        const changed = original.with(changes);
        const headers = changes.headers ?? original.headers();
        expect(snapshot(changed)).toEqual({ ...snapshot(original), ...changes, headers });
        expect(changed.with({ headers: original.headers() }).headers()).toEqual(original.headers());
        expect(changed.bytes.subarray(changed.bodyOffset)).toEqual(body);
      }),
    );
  });
});

describe('contents from frames', () => {
  const properties = section(() => true);

  it('come from a header and body frames, however the body is cut', () => {
    fc.assert(
      fc.property(bytes(2000, 1), fc.array(fc.nat(2000), { maxLength: 20 }), (body, places) => {
        const assembler = new ContentAssembler();
        const cuts = [0, ...places.map((place) => place % body.length).sort((a, b) => a - b), body.length];
        expect(assembler.frame(FRAME.header, headerPayload(properties, body.length), BASIC_CLASS)).toBeUndefined();
        const results = cuts.slice(1).map((end, index) => {
          return assembler.frame(FRAME.body, body.subarray(cuts[index]!, end), BASIC_CLASS);
        });
        expect(results.slice(0, -1).every((result) => result === undefined)).toBe(true);
        expect(results.at(-1)).toMatchObject({
          bytes: Buffer.concat([properties, body]),
          bodyOffset: properties.length,
        });
      }),
    );
  });

  it('are complete with the header when there is no body', () => {
    const header = headerPayload(properties, 0);
    const content = new ContentAssembler().frame(FRAME.header, header, BASIC_CLASS);
    header.fill(0);
    expect(content?.bytes).toEqual(properties);
  });

  it('come one after the other from one assembler', () => {
    const assembler = new ContentAssembler();
    for (const text of ['one', 'two']) {
      assembler.header(headerPayload(NONE, 3), BASIC_CLASS);
      const frame = Buffer.from(text);
      const content = assembler.body(frame);
      frame.fill(0);
      expect(content?.bytes.subarray(content.bodyOffset).toString()).toBe(text);
    }
  });

  it('take no memory for a size that is only announced', () => {
    const assembler = new ContentAssembler();
    const before = process.memoryUsage().arrayBuffers;
    assembler.header(headerPayload(NONE, 500_000_000), BASIC_CLASS);
    assembler.body(Buffer.alloc(10));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  it('refuse a body that is too large at its end, and are ready for the next', () => {
    const assembler = new ContentAssembler(10);
    assembler.header(headerPayload(NONE, 11), BASIC_CLASS);
    expect(assembler.body(Buffer.alloc(6))).toBeUndefined();
    expect(() => assembler.body(Buffer.alloc(5))).toThrow(
      expect.objectContaining({
        replyCode: 406,
        scope: 'channel',
        message: 'PRECONDITION_FAILED - message size 11 is larger than configured max size 10',
      }),
    );
    assembler.header(headerPayload(NONE, 10), BASIC_CLASS);
    expect(assembler.body(Buffer.alloc(10))?.bytes).toHaveLength(12);
  });

  it('swallow what comes after the end of a body that is longer than announced', () => {
    const assembler = new ContentAssembler();
    assembler.header(headerPayload(NONE, 5), BASIC_CLASS);
    expect(assembler.body(Buffer.alloc(6))).toBeUndefined();
    expect(assembler.body(Buffer.alloc(6))).toBeUndefined();
    expect(() => assembler.frame(FRAME.method, Buffer.alloc(4), BASIC_CLASS)).toThrow(
      'UNEXPECTED_FRAME - expected content body, got non content body frame instead',
    );
  });

  it.each([
    ['a method instead of a header', FRAME.method, Buffer.alloc(4), 'got non content header frame instead'],
    ['a body instead of a header', FRAME.body, Buffer.alloc(4), 'got non content header frame instead'],
    ['a header of another class', FRAME.header, headerPayload(NONE, 0, 50), 'got one for class 50 instead'],
    ['a header with a weight', FRAME.header, headerPayload(NONE, 0, 60, 1), 'got non content header frame instead'],
  ])('are refused for %s', (_name, type, payload, text) => {
    expect(() => new ContentAssembler().frame(type, payload, BASIC_CLASS)).toThrow(
      expect.objectContaining({
        replyCode: 505,
        message: `UNEXPECTED_FRAME - expected content header for class 60, ${text}`,
      }),
    );
  });

  it('are refused for a header that is cut short', () => {
    expect(() => new ContentAssembler().header(hex('003c0000'), BASIC_CLASS)).toThrow(
      'FRAME_ERROR - type 2, all octets = <<0,60,0,0>>: unknown_frame',
    );
  });

  it('are refused for a body that no header announced', () => {
    expect(() => new ContentAssembler().body(Buffer.alloc(1))).toThrow(
      'UNEXPECTED_FRAME - expected method frame, got non method frame instead',
    );
  });

  it.each([
    ['no flags', ''],
    ['something after the last property', '0000 41'],
    ['a second word of flags', '0001 0000'],
    ['a text that is cut short', '8000 05 41'],
    ['a missing octet', '1000'],
    ['a timestamp that is cut short', '0040 00000000'],
    ['a table of a wrong type', '2000 00000003 01615a'],
    ['a table that is cut short', '2000 00000009 016156'],
    ['a number that is none', '2000 0000000b 016164 7ff8000000000000'],
  ])('are refused as by RabbitMQ for properties with %s', (_name, text) => {
    expect(() => new ContentAssembler().header(headerPayload(hex(text), 0), BASIC_CLASS)).toThrow(
      expect.objectContaining({ name: 'AmqpError', replyCode: 541, scope: 'connection' }),
    );
  });

  it.each(['0001', '0002', '0003'])('pass with flags that mean nothing (%s)', (text) => {
    expect(new ContentAssembler().header(headerPayload(hex(text), 0), BASIC_CLASS)?.bytes).toEqual(hex(text));
  });

  it('are refused or sound, wherever a byte of the properties is wrong', () => {
    const damaged = fc.tuple(fieldTable, fc.nat(), fc.nat(0xff)).map(([table, place, byte]) => {
      const damagedBytes = section(() => true, { headers: encodeTable(table).toString('hex') });
      damagedBytes[place % damagedBytes.length] = byte;
      return damagedBytes;
    });
    fc.assert(
      fc.property(damaged, (damagedBytes) => {
        let content: WireContent | undefined;
        try {
          content = new ContentAssembler().header(headerPayload(damagedBytes, 0), BASIC_CLASS);
        } catch (error) {
          expect(error).toMatchObject({ replyCode: 541 });
          return;
        }
        snapshot(content!);
        expect(content!.with({ replyTo: 'r' }).replyTo).toBe('r');
      }),
      { numRuns: 1000 },
    );
  });
});

/** All that a content says about itself. */
function snapshot(content: WireContent) {
  const { deliveryMode, persistent, priority, expiration, replyTo, userId } = content;
  return { deliveryMode, persistent, priority, expiration, replyTo, userId, headers: content.headers() };
}
