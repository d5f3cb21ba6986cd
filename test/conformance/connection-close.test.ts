import { describe, expect, test } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { FRAME_END, frame, METHOD, method } from './support/frames.js';
import { open, openRaw, openRawChannel } from './support/handshake.js';
import { closeConnection, consume, declareQueue, deleteQueue, openChannel, publish } from './support/requests.js';

/** What no open connection would get away with. */
const rubbish = frame(99, 7, Buffer.from('x'));

describe('a close by the client', () => {
  test('is answered, also a second time; whatever else follows is ignored', async () => {
    await using connection = await openRaw();
    connection.write(closeConnection(), rubbish, open(), openChannel(3), closeConnection());
    await connection.expect('connection.close-ok');
    await connection.expect('connection.close-ok');
    connection.socket.end();
    expect(await connection.remainingFrames()).toEqual([]);
  });

  test('may carry any reply', async () => {
    await using connection = await openRaw();
    connection.write(closeConnection(541, 'r'.repeat(255)));
    await connection.expect('connection.close-ok');
  });

  test('is answered when the work of all its channels is done', async () => {
    await using witness = await openRawChannel();
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}flushed`;
    witness.write(declareQueue(1, queue, { exclusive: false }));
    await witness.expect('queue.declare-ok', 1);
    connection.write(openChannel(2));
    await connection.expect('channel.open-ok', 2);
    const bodies = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    connection.write(...bodies.map((body, index) => publish(1 + (index % 2), queue, body)), closeConnection());
    await connection.expect('connection.close-ok');
    witness.write(deleteQueue(1, queue));
    expect((await witness.expect('queue.delete-ok', 1)).long()).toBe(bodies.length);
  });

  test('gives its unacknowledged messages back and deletes its exclusive queues before it is answered', async () => {
    await using witness = await openRawChannel();
    await using connection = await openRawChannel();
    const [shared, own] = [`${freshPrefix()}shared`, `${freshPrefix()}own`];
    witness.write(declareQueue(1, shared, { exclusive: false }), publish(1, shared, 'kept'));
    await witness.expect('queue.declare-ok', 1);
    connection.write(declareQueue(1, own), consume(1, shared));
    await connection.expect('queue.declare-ok', 1);
    await connection.expect('basic.consume-ok', 1);
    await connection.expectContent('basic.deliver');
    connection.write(closeConnection());
    await connection.expect('connection.close-ok');
    witness.write(deleteQueue(1, shared));
    expect((await witness.expect('queue.delete-ok', 1)).long()).toBe(1);
    witness.write(declareQueue(1, own, { passive: true, exclusive: false }));
    expect(await witness.expectChannelClose(1)).toMatchObject({ code: 404 });
  });
});

describe('a close by the broker', () => {
  test('lets nothing pass that follows, up to close-ok', async () => {
    await using witness = await openRawChannel();
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}ignored`;
    witness.write(declareQueue(1, queue, { exclusive: false }));
    await witness.expect('queue.declare-ok', 1);
    connection.write(openChannel(0), publish(1, queue, 'ignored'), openChannel(2), rubbish);
    expect(await connection.expectConnectionClose()).toMatchObject({ code: 504 });
    witness.write(deleteQueue(1, queue));
    expect((await witness.expect('queue.delete-ok', 1)).long()).toBe(0);
  });

  test('is not repeated, and a close of the client that crosses it is answered', async () => {
    await using connection = await openRaw();
    connection.write(openChannel(0), openChannel(0), closeConnection(), method(0, 'connection.close-ok'));
    await connection.expect('connection.close');
    await connection.expect('connection.close-ok');
    expect(await connection.remainingFrames()).toEqual([]);
  });

  test('quotes at most 255 bytes of text', async () => {
    await using connection = await openRawChannel();
    const args = Buffer.alloc(300, FRAME_END);
    connection.write(frame(METHOD, 1, Buffer.concat([Buffer.from([0, 60, 0, 10]), args])));
    const { code, text } = await connection.expectConnectionClose();
    expect([code, text.length]).toEqual([501, 255]);
    expect(text).toMatch(/^FRAME_ERROR - cannot decode <<206,206,.*\.\.\.$/);
  });
});
