/** A client's word about a length buys it nothing: no memory, no other connection's time, no answer but the usual one. */
import { describe, expect, test } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { bits, entry, item, long, longstr, short, shortstr } from './support/fields.js';
import { BODY, frame, HEADER, header, METHOD, method, methodName } from './support/frames.js';
import { openRaw, openRawChannel } from './support/handshake.js';
import { refusalCode } from './support/refusal-code.js';
import { declareQueue, get, openChannel, publish, publishMethod } from './support/requests.js';

/** What RabbitMQ 3.10 takes at most, bytes; its default. */
const LARGEST_MESSAGE = 134_217_728;

describe('a header that announces a giant body', () => {
  test.for([2n ** 40n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n])(
    'of %s bytes leaves the connection usable',
    async (size) => {
      await using connection = await openRawChannel();
      connection.write(
        publishMethod(1, 'nowhere'),
        header(1, size),
        frame(BODY, 1, Buffer.from('abc')),
        openChannel(2),
      );
      let answer = await connection.nextFrame();
      // RabbitMQ waits for the body; a broker may as well refuse it now with the words that RabbitMQ has for its end.
      if (methodName(answer) === 'channel.close') {
        expect([answer.channel, answer.payload.readUInt16BE(4)]).toEqual([1, 406]);
        answer = await connection.nextFrame();
      }
      expect([methodName(answer), answer.channel]).toEqual(['channel.open-ok', 2]);
      connection.write(declareQueue(2, ''));
      await connection.expect('queue.declare-ok', 2);
    },
  );

  test('and then sends it has its channel closed with 406', async () => {
    await using connection = await openRawChannel();
    const size = LARGEST_MESSAGE + 1;
    const piece = frame(BODY, 1, Buffer.alloc(131_064));
    connection.write(publishMethod(1, 'nowhere'), header(1, size));
    for (let sent = 131_064; sent <= size; sent += 131_064) connection.write(piece);
    connection.write(frame(BODY, 1, Buffer.alloc(size % 131_064)));
    expect(await connection.expectChannelClose(1)).toEqual({
      code: 406,
      text: `PRECONDITION_FAILED - message size ${size} is larger than configured max size ${LARGEST_MESSAGE}`,
      classId: 60,
      methodId: 40,
    });
  });
});

describe.for([0, 1])('a frame on channel %s', (channel) => {
  test.for([METHOD, HEADER, BODY, 99])(
    'of type %s that announces 4 GiB closes the connection with 501 at once',
    async (type) => {
      await using connection = await openRawChannel();
      connection.write(frame(type, channel, Buffer.alloc(0), { length: 0xffff_ffff }));
      const text = `FRAME_ERROR - type ${type}, all octets = <<>>: {frame_too_large,4294967295,131064}`;
      expect(await connection.expectFrameError()).toEqual({ code: 501, text, classId: 0, methodId: 0 });
    },
  );
});

/** A header table nested as deep as `room` bytes allow, built from the outside so that it costs no copies. */
function deepestTable(room: number): Buffer {
  const level = Buffer.concat([shortstr(''), item('F'), long(0)]);
  const depth = Math.floor((room - 4) / level.length);
  const bytes = Buffer.alloc(4 + depth * level.length);
  bytes.writeUInt32BE(bytes.length - 4);
  for (let at = 4; at < bytes.length; at += level.length) {
    level.writeUInt32BE(bytes.length - at - level.length, 2);
    level.copy(bytes, at);
  }
  return bytes;
}

describe('a table nested as deep as a frame can hold', () => {
  test('is kept in a header', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}deep`;
    const properties = Buffer.concat([short(0x2000), deepestTable(131_000)]);
    connection.write(declareQueue(1, queue), publish(1, queue, 'deep', { properties }), get(1, queue));
    await connection.expect('queue.declare-ok', 1);
    const found = await connection.expectContent('basic.get-ok');
    expect(found.properties.equals(properties)).toBe(true);
  });

  test('is taken as a method argument', async () => {
    await using connection = await openRawChannel();
    connection.write(
      method(1, 'queue.declare', short(0), shortstr(''), bits(false, false, true), deepestTable(131_000)),
    );
    await connection.expect('queue.declare-ok', 1);
  });
});

test('a hundred connections that each announce the most and send nothing disturb no other', async () => {
  await using bystander = await openRawChannel();
  const hostile = await Promise.all(Array.from({ length: 100 }, () => openRaw()));
  const head = frame(METHOD, 1, Buffer.alloc(0), { length: 131_064 }).subarray(0, 7);
  for (const connection of hostile) connection.write(head);
  bystander.write(declareQueue(1, ''));
  await bystander.expect('queue.declare-ok', 1);
  await Promise.all(hostile.map((connection) => connection[Symbol.asyncDispose]()));
});

test('a length inside a table is bounded by the table, not by what follows it in the frame', async () => {
  await using connection = await openRawChannel();
  // The text claims exactly the bytes of the argument behind its table.
  const grasping = longstr(entry('x', 'S', long(4)));
  connection.write(method(1, 'queue.declare', short(0), shortstr(''), bits(false), grasping, Buffer.from('four')));
  expect([undefined, 501, 502]).toContain(await refusalCode(connection));
});
