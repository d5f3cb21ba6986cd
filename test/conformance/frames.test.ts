import { describe, expect, test } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { bits, entry, long, octet, short, shortstr, table } from './support/fields.js';
import {
  BODY,
  type CloseReason,
  frame,
  HEADER,
  HEARTBEAT,
  heartbeat,
  METHOD,
  method,
  methodOf,
} from './support/frames.js';
import { openRaw, openRawChannel } from './support/handshake.js';
import { refusalCode } from './support/refusal-code.js';
import { consume, declareQueue, get, openChannel, publish, publishMethod } from './support/requests.js';

/** More than the 16 bytes that an error text quotes. */
const LONG = Buffer.from('0123456789abcdefXYZ');
const NO_METHOD = { classId: 0, methodId: 0 };

describe('a frame that does not end with 206', () => {
  test.for([
    [LONG, 0, 'first 16 octets = <<"0123456789abcdef">>: {invalid_frame_end_marker,0}'],
    [Buffer.from('0123'), 205, 'all octets = <<"0123">>: {invalid_frame_end_marker,205}'],
  ] as const)('closes the connection with 501', async ([payload, end, text]) => {
    await using connection = await openRawChannel();
    connection.write(frame(METHOD, 1, payload, { end }));
    expect(await connection.expectFrameError()).toEqual({
      code: 501,
      text: `FRAME_ERROR - type 1, ${text}`,
      ...NO_METHOD,
    });
  });

  test('ends all reading: what follows has no effect, and the socket is closed', async () => {
    await using witness = await openRawChannel();
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}unread`;
    witness.write(declareQueue(1, queue, { exclusive: false }));
    await witness.expect('queue.declare-ok', 1);
    connection.write(frame(METHOD, 1, LONG, { end: 0 }), publish(1, queue, 'unread'));
    await connection.expectFrameError();
    await connection.closed();
    witness.write(method(1, 'queue.delete', short(0), shortstr(queue), octet(0)));
    expect((await witness.expect('queue.delete-ok', 1)).long()).toBe(0);
  });
});

test.for([
  [0, Buffer.from('x'), 'all octets = <<"x">>'],
  [4, LONG, 'first 16 octets = <<"0123456789abcdef">>'],
  [99, Buffer.alloc(0), 'all octets = <<>>'],
] as const)('a frame of the unknown type %s closes the connection with 501', async ([type, payload, snippet]) => {
  for (const channel of [0, 1]) {
    await using connection = await openRawChannel();
    connection.write(frame(type, channel, payload));
    const text = `FRAME_ERROR - type ${type}, ${snippet}: unknown_frame`;
    expect(await connection.expectConnectionClose()).toEqual({ code: 501, text, ...NO_METHOD });
  }
});

describe('a heartbeat', () => {
  test('on channel 0 is taken at any time, also amid a message', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}amid`;
    connection.write(heartbeat, declareQueue(1, queue), heartbeat, publishMethod(1, queue), heartbeat);
    connection.write(frame(HEADER, 1, Buffer.from([0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0])), heartbeat);
    connection.write(frame(BODY, 1, Buffer.from('x')), heartbeat, get(1, queue));
    await connection.expect('queue.declare-ok', 1);
    expect(String((await connection.expectContent('basic.get-ok')).body)).toBe('x');
  });

  test.for([1, 5])('on channel %s closes the connection with 505', async (channel) => {
    await using connection = await openRawChannel();
    connection.write(frame(HEARTBEAT, channel, Buffer.alloc(0)));
    const text = 'UNEXPECTED_FRAME - type 8, all octets = <<>>';
    expect(await connection.expectConnectionClose()).toEqual({ code: 505, text, ...NO_METHOD });
  });

  test.for([0, 1])('with a payload closes the connection with 501 (channel %s)', async (channel) => {
    await using connection = await openRawChannel();
    connection.write(frame(HEARTBEAT, channel, Buffer.from('x')));
    const text = 'FRAME_ERROR - type 8, all octets = <<"x">>: unknown_frame';
    expect(await connection.expectConnectionClose()).toEqual({ code: 501, text, ...NO_METHOD });
  });
});

test.for([METHOD, HEADER])('a frame of type %s too short for its own head closes with 501', async (type) => {
  await using connection = await openRawChannel();
  connection.write(frame(type, 1, Buffer.from([0, 60, 0])));
  const text = `FRAME_ERROR - type ${type}, all octets = <<0,60,0>>: unknown_frame`;
  expect(await connection.expectConnectionClose()).toEqual({ code: 501, text, ...NO_METHOD });
});

describe('method arguments', () => {
  const declare = (...args: Buffer[]) => method(1, 'queue.declare', short(0), ...args);
  const DECLARE = { classId: 50, methodId: 10 };

  test.for<readonly [string, Buffer, CloseReason]>([
    ['too few', declare(octet(200)), { code: 501, text: 'FRAME_ERROR - cannot decode <<0,0,200>>', ...DECLARE }],
    ['none', method(1, 'queue.declare'), { code: 501, text: 'FRAME_ERROR - cannot decode <<>>', ...DECLARE }],
    [
      'more than the method has',
      method(1, 'basic.qos', long(0), short(0), bits(false), Buffer.from('more')),
      { code: 501, text: 'FRAME_ERROR - cannot decode <<0,0,0,0,0,0,0,109,111,114,101>>', classId: 60, methodId: 10 },
    ],
    [
      'a table longer than the frame',
      declare(shortstr(''), bits(false), long(0x7fff_ffff)),
      { code: 501, text: 'FRAME_ERROR - cannot decode <<0,0,0,0,127,255,255,255>>', ...DECLARE },
    ],
    [
      'a short string that is not UTF-8',
      declare(shortstr(Buffer.from([0xff, 0xfe])), bits(false), table()),
      { code: 501, text: 'FRAME_ERROR - Malformed UTF-8 in shortstr', ...NO_METHOD },
    ],
  ])('that are %s close the connection with 501', async ([, bytes, reason]) => {
    await using connection = await openRawChannel();
    connection.write(bytes);
    expect(await connection.expectConnectionClose()).toEqual(reason);
  });

  test.for([
    ['a field of an unknown type', table(entry('x', '?', Buffer.from('x')))],
    ['a field name longer than the table', table(Buffer.from([255, 65]))],
    ['a field without its type', table(shortstr('x'))],
    ['a text longer than the table', table(entry('x', 'S', long(99_999)))],
    ['a nested table longer than the outer one', table(entry('x', 'F', long(0xffff_ffff)))],
    ['an array longer than the table', table(entry('x', 'A', long(0x8000_0000)))],
    ['an array cut within an item', table(entry('x', 'A', long(3), Buffer.from([0x49, 0, 0])))],
    ['a number cut short', table(entry('x', 'l', Buffer.alloc(7)))],
  ] as const)('with a table that holds %s end the connection', async ([, malformed]) => {
    await using connection = await openRawChannel();
    connection.write(declare(shortstr(''), bits(false), malformed));
    expect([undefined, 501, 502]).toContain(await refusalCode(connection));
  });
});

test.for([
  [0, 10, 99],
  [0, 99, 1],
  [1, 60, 99],
  [1, 99, 10],
  [1, 0, 0],
  [1, 65_535, 65_535],
] as const)('on channel %s, a method of the unknown ids %s.%s ends the connection', async ([channel, ...ids]) => {
  await using connection = await openRawChannel();
  connection.write(methodOf(channel, ids));
  expect([undefined, 503, 540]).toContain(await refusalCode(connection));
});

test('frames may arrive byte by byte', async () => {
  await using connection = await openRawChannel();
  const queue = `${freshPrefix()}slow`;
  const bytes = Buffer.concat([declareQueue(1, queue), publish(1, queue, 'a body'), heartbeat, get(1, queue)]);
  for (const byte of bytes) {
    connection.write(Buffer.of(byte));
    await new Promise(setImmediate);
  }
  await connection.expect('queue.declare-ok', 1);
  expect(String((await connection.expectContent('basic.get-ok')).body)).toBe('a body');
});

test('many frames may arrive at once, of many channels mixed', async () => {
  await using connection = await openRaw();
  const channels = [1, 2, 3];
  const prefix = freshPrefix();
  const bodies = Array.from({ length: 100 }, (_, index) => String(index));
  connection.write(
    ...channels.flatMap((channel) => [openChannel(channel), declareQueue(channel, `${prefix}${channel}`)]),
    ...bodies.flatMap((body) => channels.map((channel) => publish(channel, `${prefix}${channel}`, body))),
    ...channels.map((channel) => consume(channel, `${prefix}${channel}`, { noAck: true })),
  );
  const arrived: string[][] = channels.map(() => []);
  while (arrived.flat().length < channels.length * bodies.length) {
    const { type, channel, payload } = await connection.nextFrame();
    if (type === BODY) arrived[channel - 1]?.push(String(payload));
  }
  expect(arrived).toEqual(channels.map(() => bodies));
});
