import { describe, expect, test } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { entry, item, longstr, octet, short, shortstr, table } from './support/fields.js';
import { BODY, bodyFrames, frame, header, method } from './support/frames.js';
import { brokerUser, openRawChannel } from './support/handshake.js';
import { closeChannel, consume, declareQueue, get, openChannel, publish, publishMethod } from './support/requests.js';

const PUBLISH = { classId: 60, methodId: 40 };
const NO_METHOD = { classId: 0, methodId: 0 };

const NOT_A_METHOD = 'UNEXPECTED_FRAME - expected method frame, got non method frame instead';
const NOT_A_HEADER = 'UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead';
const NOT_A_BODY = 'UNEXPECTED_FRAME - expected content body, got non content body frame instead';

const announced = publishMethod(1, 'nowhere');
const some = frame(BODY, 1, Buffer.from('abc'));

test.for([
  ['a header without its method', [header(1, 3)], NOT_A_METHOD, NO_METHOD],
  ['a body without its method', [some], NOT_A_METHOD, NO_METHOD],
  ['a body without its header', [announced, some], NOT_A_HEADER, PUBLISH],
  ['a method where the header should be', [announced, declareQueue(1, '')], NOT_A_HEADER, PUBLISH],
  ['channel.close where the header should be', [announced, closeChannel(1)], NOT_A_HEADER, PUBLISH],
  ['a header of a weight', [announced, header(1, 3, undefined, { weight: 1 })], NOT_A_HEADER, PUBLISH],
  [
    'a header of another class',
    [announced, header(1, 3, undefined, { classId: 50 })],
    'UNEXPECTED_FRAME - expected content header for class 60, got one for class 50 instead',
    PUBLISH,
  ],
  ['a method amid the body', [announced, header(1, 6), some, declareQueue(1, '')], NOT_A_BODY, PUBLISH],
  ['a header amid the body', [announced, header(1, 6), some, header(1, 6)], NOT_A_BODY, PUBLISH],
  [
    'a body frame behind a body of no bytes',
    [announced, header(1, 0), frame(BODY, 1, Buffer.alloc(0))],
    NOT_A_METHOD,
    NO_METHOD,
  ],
  ['a body frame too many', [announced, header(1, 3), some, some], NOT_A_METHOD, NO_METHOD],
] as const)('%s closes the connection with 505', async ([, bytes, text, ids]) => {
  await using connection = await openRawChannel();
  connection.write(...bytes);
  expect(await connection.expectConnectionClose()).toEqual({ code: 505, text, ...ids });
});

test('a body longer than its header says is no message, and the next method closes the connection with 505', async () => {
  await using connection = await openRawChannel();
  connection.write(announced, header(1, 2), some, declareQueue(1, ''));
  expect(await connection.expectConnectionClose()).toEqual({ code: 505, text: NOT_A_BODY, ...PUBLISH });
});

describe('a content that was begun on a channel when the broker closed it', () => {
  test('has to be finished before close-ok, and is ignored', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}begun`;
    connection.write(declareQueue(1, queue), get(1, 'missing'), publishMethod(1, queue), header(1, 6), some);
    await connection.expect('queue.declare-ok', 1);
    await connection.expect('channel.close', 1);
    connection.write(some, method(1, 'channel.close-ok'), openChannel(1));
    await connection.expect('channel.open-ok', 1);
    connection.write(get(1, queue));
    await connection.expect('basic.get-empty', 1);
  });

  test('makes close-ok a method amid a body, which closes the connection with 505', async () => {
    await using connection = await openRawChannel();
    connection.write(get(1, 'missing'), announced, header(1, 6), some);
    expect(await connection.expectChannelClose(1)).toMatchObject({ code: 404 });
    expect(await connection.expectConnectionClose()).toEqual({ code: 505, text: NOT_A_BODY, ...PUBLISH });
  });
});

test('contents of several channels may be mixed frame by frame', async () => {
  await using connection = await openRawChannel();
  connection.write(openChannel(2));
  await connection.expect('channel.open-ok', 2);
  const queue = `${freshPrefix()}mixed`;
  connection.write(declareQueue(1, queue));
  await connection.expect('queue.declare-ok', 1);
  connection.write(publishMethod(1, queue), publishMethod(2, queue), header(1, 6), header(2, 6));
  connection.write(some, frame(BODY, 2, Buffer.from('123')), frame(BODY, 1, Buffer.from('def')));
  connection.write(frame(BODY, 2, Buffer.from('456')), consume(1, queue, { noAck: true }));
  await connection.expect('basic.consume-ok', 1);
  const bodies = [await connection.expectContent('basic.deliver'), await connection.expectContent('basic.deliver')];
  expect(bodies.map(({ body }) => String(body)).sort()).toEqual(['123456', 'abcdef']);
});

describe('a body arrives whole', () => {
  test('when it was sent in frames of any size, empty ones too', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}pieces`;
    const pieces = ['', 'a', '', '', 'bcd', 'e'.repeat(5000), ''].map((text) => frame(BODY, 1, Buffer.from(text)));
    const last = frame(BODY, 1, Buffer.from('f'));
    connection.write(declareQueue(1, queue), publishMethod(1, queue), header(1, 5005), ...pieces, last, get(1, queue));
    await connection.expect('queue.declare-ok', 1);
    expect(String((await connection.expectContent('basic.get-ok')).body)).toBe(`abcd${'e'.repeat(5000)}f`);
  });

  test('when it has no bytes, with a header and no body frame', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}empty`;
    connection.write(
      declareQueue(1, queue),
      publish(1, queue, ''),
      publish(1, queue, 'next'),
      get(1, queue),
      get(1, queue),
    );
    await connection.expect('queue.declare-ok', 1);
    expect((await connection.expectContent('basic.get-ok')).bodyFrames).toEqual([]);
    expect(String((await connection.expectContent('basic.get-ok')).body)).toBe('next');
  });

  test.for([4096, 131_072])('when it has 16 MiB, in frames of %s bytes', async (frameMax) => {
    await using connection = await openRawChannel({ frameMax });
    const queue = `${freshPrefix()}large`;
    const body = Buffer.alloc(16 * 1024 * 1024, 'sixteen mebibytes of this ');
    connection.write(declareQueue(1, queue), publishMethod(1, queue), header(1, body.length));
    for (const piece of bodyFrames(1, body, frameMax)) connection.write(piece);
    connection.write(get(1, queue));
    await connection.expect('queue.declare-ok', 1);
    const found = await connection.expectContent('basic.get-ok');
    expect(found.body.equals(body)).toBe(true);
    expect(found.bodyFrames.slice(0, -1).every(({ length }) => length === frameMax - 8)).toBe(true);
  });
});

describe('properties', () => {
  test.for([
    ['no flags', Buffer.of(0xff)],
    ['fewer values than their flags', short(0x8000)],
    ['bytes behind the last value', Buffer.concat([short(0), Buffer.from('xx')])],
    ['a text cut short', Buffer.concat([short(0x8000), octet(5), Buffer.from('abc')])],
    ['a table longer than the frame', Buffer.concat([short(0x2000), Buffer.from([0x7f, 0xff, 0xff, 0xff])])],
    ['a header of an unknown type', Buffer.concat([short(0x2000), table(entry('x', '?'))])],
    ['an item of an unknown type', Buffer.concat([short(0x2000), table(entry('x', 'A', longstr(item('?'))))])],
    [
      'a number that is none',
      Buffer.concat([short(0x2000), table(entry('x', 'd', Buffer.from('7ff8000000000000', 'hex')))]),
    ],
  ] as const)('with %s close the connection with 541', async ([, properties]) => {
    await using connection = await openRawChannel();
    connection.write(publish(1, 'nowhere', 'body', { properties }));
    expect(await connection.expectConnectionClose()).toEqual({ code: 541, text: 'INTERNAL_ERROR', ...NO_METHOD });
  });

  test.for([
    ['an unknown delivery mode', [short(0x1000), octet(7)], 'invalid message: {delivery_mode_unknown,7}'],
    ['an expiration in words', [short(0x0100), shortstr('soon')], "invalid expiration 'soon': no_integer"],
    [
      'the name of another user',
      [short(0x0010), shortstr('nobody')],
      `user_id property set to 'nobody' but authenticated user was '${brokerUser()}'`,
    ],
  ] as const)('with %s close the channel with 406', async ([, properties, text]) => {
    await using connection = await openRawChannel();
    connection.write(publish(1, 'nowhere', 'body', { properties: Buffer.concat(properties) }));
    const reason = { code: 406, text: `PRECONDITION_FAILED - ${text}`, ...PUBLISH };
    expect(await connection.expectChannelClose(1)).toEqual(reason);
  });
});
