import { describe, expect, test } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { BODY, frame, header, method } from './support/frames.js';
import { openRaw, openRawChannel } from './support/handshake.js';
import { closeChannel, declareQueue, get, openChannel, publish, publishMethod } from './support/requests.js';

describe('the channels that a client settles for', () => {
  test('are a count, so that a number above it may be used', async () => {
    await using connection = await openRaw({ channelMax: 2 });
    for (const channel of [65_535, 7]) {
      connection.write(openChannel(channel));
      await connection.expect('channel.open-ok', channel);
    }
  });

  test('cannot be exceeded', async () => {
    await using connection = await openRaw({ channelMax: 2 });
    for (const channel of [1, 2]) {
      connection.write(openChannel(channel));
      await connection.expect('channel.open-ok', channel);
    }
    connection.write(openChannel(3));
    expect(await connection.expectConnectionClose()).toEqual({
      code: 530,
      text: 'NOT_ALLOWED - number of channels opened (2) has reached the negotiated channel_max (2)',
      classId: 0,
      methodId: 0,
    });
  });

  test('are free again when closed', async () => {
    await using connection = await openRaw({ channelMax: 1 });
    for (const channel of [1, 2, 1]) {
      connection.write(openChannel(channel));
      await connection.expect('channel.open-ok', channel);
      connection.write(closeChannel(channel));
      await connection.expect('channel.close-ok', channel);
    }
  });
});

describe.for([4096, 5000, 131_072])('a client that settles for frames of %s bytes', (frameMax) => {
  const room = frameMax - 8;

  test.for([
    [0, []],
    [1, [1]],
    [room, [room]],
    [room + 1, [room, 1]],
    [3 * room, [room, room, room]],
  ] as const)('gets a body of %s bytes of that many frames', async ([size, frames]) => {
    await using connection = await openRawChannel({ frameMax });
    const queue = `${freshPrefix()}cut`;
    const body = Buffer.alloc(size, 'abcdefg');
    connection.write(declareQueue(1, queue), publish(1, queue, body, { frameMax }), get(1, queue));
    await connection.expect('queue.declare-ok', 1);
    const content = await connection.expectContent('basic.get-ok');
    expect(content.bodyFrames.map(({ length }) => length)).toEqual(frames);
    expect(content.body.equals(body)).toBe(true);
  });

  test('is forgiven eight bytes too many in a frame', async () => {
    await using connection = await openRawChannel({ frameMax });
    const body = frame(BODY, 1, Buffer.alloc(frameMax));
    connection.write(publishMethod(1, 'nowhere'), header(1, frameMax), body, closeChannel(1));
    await connection.expect('channel.close-ok', 1);
  });

  test('is refused with 501 for one byte more', async () => {
    await using connection = await openRawChannel({ frameMax });
    // Only the head of the frame: the broker must not wait for the rest.
    connection.write(publishMethod(1, 'nowhere'), header(1, frameMax + 1));
    connection.write(frame(BODY, 1, Buffer.alloc(8), { length: frameMax + 1 }));
    expect(await connection.expectFrameError()).toEqual({
      code: 501,
      text: `FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,${frameMax + 1},${room}}`,
      classId: 0,
      methodId: 0,
    });
  });
});

test('a frame of the size that was offered is too large for a client that settled for less', async () => {
  await using connection = await openRawChannel({ frameMax: 4096 });
  connection.write(method(1, 'queue.declare', Buffer.alloc(10_000)));
  expect(await connection.expectFrameError()).toMatchObject({
    code: 501,
    text: 'FRAME_ERROR - type 1, all octets = <<>>: {frame_too_large,10004,4088}',
  });
});
