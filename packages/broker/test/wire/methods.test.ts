import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../src/wire/byte-writer.js';
import {
  decodeMethod,
  METHODS,
  type Method,
  type MethodArguments,
  type MethodName,
  methodIds,
  writeMethod,
} from '../../src/wire/methods.js';
import { type AnyMethod, anyMethod, METHOD_NAMES } from './arbitraries.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

function encode({ name, args }: AnyMethod | Method): Buffer {
  const writer = new ByteWriter();
  writeMethod(writer, name, args as MethodArguments<MethodName>);
  return Buffer.concat(writer.take());
}

const GOLDEN: ReadonlyArray<readonly [string, Method]> = [
  [
    '000a 001f 07ff 00020000 003c',
    { name: 'connection.tune-ok', args: { channelMax: 2047, frameMax: 131072, heartbeat: 60 } },
  ],
  ['000a 0033', { name: 'connection.close-ok', args: {} }],
  ['0014 000b 00000000', { name: 'channel.open-ok', args: { reserved1: Buffer.alloc(0) } }],
  [
    '0032 000a 0000 05 7461736b73 06 0000000f 09 782d65787069726573 49 000003e8',
    {
      name: 'queue.declare',
      args: {
        reserved1: 0,
        queue: 'tasks',
        passive: false,
        durable: true,
        exclusive: true,
        autoDelete: false,
        noWait: false,
        arguments: [['x-expires', { tag: 'I', value: 1000 }]],
      },
    },
  ],
  [
    '003c 0028 0000 00 05 7461736b73 01',
    {
      name: 'basic.publish',
      args: { reserved1: 0, exchange: '', routingKey: 'tasks', mandatory: true, immediate: false },
    },
  ],
  [
    '003c 003c 02 6331 0000000100000002 01 02 6578 04 6b657931',
    {
      name: 'basic.deliver',
      args: { consumerTag: 'c1', deliveryTag: 4294967298, redelivered: true, exchange: 'ex', routingKey: 'key1' },
    },
  ],
  ['003c 0078 0000000000000007 03', { name: 'basic.nack', args: { deliveryTag: 7, multiple: true, requeue: true } }],
];

describe('methods', () => {
  it.each(GOLDEN)('have the bytes of the specification: %s', (bytes, method) => {
    expect(encode(method)).toEqual(hex(bytes));
    expect(decodeMethod(hex(bytes))).toEqual(method);
  });

  it('come back from bytes as they were', () => {
    fc.assert(
      fc.property(anyMethod, (method) => {
        expect(decodeMethod(encode(method))).toEqual(method);
      }),
    );
  });

  it('have numbers and content as the specification says', () => {
    expect(methodIds('exchange.unbind-ok')).toMatchObject({ classId: 40, methodId: 51 });
    expect(METHOD_NAMES.filter((name) => 'content' in METHODS[name])).toEqual([
      'basic.publish',
      'basic.return',
      'basic.deliver',
      'basic.get-ok',
    ]);
  });

  it('keep a routing key that is no UTF-8', () => {
    const bytes = hex('003c 0028 0000 00 03 61ff62 00');
    expect(encode(decodeMethod(bytes))).toEqual(bytes);
  });

  it('read a delivery tag above 2^53 as a number that no delivery has', () => {
    expect(decodeMethod(hex('003c 0050 ffffffffffffffff 00')).args).toEqual({ deliveryTag: 2 ** 64, multiple: false });
  });

  it('refuse to write what the wire cannot carry', () => {
    const tag = (deliveryTag: number) => () => encode({ name: 'basic.ack', args: { deliveryTag, multiple: false } });
    expect(tag(2 ** 53)).toThrow('expected an integer from 0 to 2^53 - 1, found 9007199254740992');
    expect(tag(-1)).toThrow(RangeError);
    expect(tag(0.5)).toThrow(RangeError);
    expect(() => encode({ name: 'basic.cancel-ok', args: { consumerTag: 'x'.repeat(256) } })).toThrow(
      'expected a short string of at most 255 bytes, found 256',
    );
  });
});

describe('malformed methods', () => {
  it.each([
    [
      'less than the numbers of a method',
      '003c',
      501,
      'FRAME_ERROR - type 1, all octets = <<0,60>>: unknown_frame',
      [0, 0],
    ],
    ['an unknown method', '003c 00de', 540, 'NOT_IMPLEMENTED - unknown method {60,222}', [0, 0]],
    ['an unknown class', '0063 000a', 540, 'NOT_IMPLEMENTED - unknown method {99,10}', [0, 0]],
    ['too few arguments', '0032 000a 0000', 501, 'FRAME_ERROR - cannot decode <<0,0>>', [50, 10]],
    [
      'too many',
      '003c 000a 00000000 0000 00 01 02',
      501,
      'FRAME_ERROR - cannot decode <<0,0,0,0,0,0,0,1,2>>',
      [60, 10],
    ],
    ['a cut name', '003c 0028 0000 01 78', 501, 'FRAME_ERROR - cannot decode <<0,0,1,120>>', [60, 40]],
    [
      'a table as long as can be',
      '000a 000b ffffffff',
      501,
      'FRAME_ERROR - cannot decode <<255,255,255,255>>',
      [10, 11],
    ],
    [
      'a queue name that is no UTF-8',
      '003c 0046 0000 02 ff41 00',
      501,
      'FRAME_ERROR - Malformed UTF-8 in shortstr',
      [0, 0],
    ],
    [
      'a wrong table',
      '000a 000b 00000003 01615a 00 00000000 00',
      502,
      'SYNTAX_ERROR - malformed field table: unknown type "Z"',
      [10, 11],
    ],
  ])('are refused for %s', (_name, payload, replyCode, message, [classId, methodId]) => {
    expect(() => decodeMethod(hex(payload))).toThrow(
      expect.objectContaining({ replyCode, message, scope: 'connection', method: { classId, methodId } }),
    );
  });

  it('are refused by an AMQP error wherever they are cut', () => {
    fc.assert(
      fc.property(anyMethod, fc.nat(), (method, place) => {
        const bytes = encode(method);
        const cut = bytes.subarray(0, place % bytes.length);
        expect(() => decodeMethod(cut)).toThrow(expect.objectContaining({ name: 'AmqpError', replyCode: 501 }));
      }),
    );
  });

  it('are refused by an AMQP error, or read, wherever a byte is wrong', () => {
    fc.assert(
      fc.property(anyMethod, fc.nat(), fc.nat(0xff), (method, place, byte) => {
        const damaged = encode(method);
        damaged[place % damaged.length] = byte;
        try {
          expect(METHOD_NAMES).toContain(decodeMethod(damaged).name);
        } catch (error) {
          expect(error).toMatchObject({ name: 'AmqpError', scope: 'connection' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
