import { describe, expect, test } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { bits, shortstr } from './support/fields.js';
import { METHODS, type MethodName, method, methodName } from './support/frames.js';
import { brokerVhost, openRaw, openRawChannel } from './support/handshake.js';
import { ack, closeChannel, consume, declareQueue, get, openChannel, publish } from './support/requests.js';

test('all 2047 channels open at once, answer, and close', async () => {
  await using connection = await openRaw();
  const channels = Array.from({ length: 2047 }, (_, index) => index + 1);
  const answers = async (name: MethodName) => {
    const found = new Set<number>();
    while (found.size < channels.length) {
      const answer = await connection.nextFrame();
      expect(methodName(answer)).toBe(name);
      found.add(answer.channel);
    }
    return [...found].sort((one, other) => one - other);
  };
  connection.write(...channels.map(openChannel));
  expect(await answers('channel.open-ok')).toEqual(channels);
  connection.write(...channels.map((channel) => closeChannel(channel)));
  expect(await answers('channel.close-ok')).toEqual(channels);
});

test('channel.open-ok carries an empty long string', async () => {
  await using connection = await openRaw();
  connection.write(openChannel(1));
  const openOk = await connection.expect('channel.open-ok', 1);
  expect([openOk.longstr().length, openOk.left]).toEqual([0, 0]);
});

test('access.request, which clients of AMQP 0-8 still send, is granted', async () => {
  await using connection = await openRawChannel();
  connection.write(method(1, 'access.request', shortstr('/data'), bits(false, true, true, true, true)));
  const requestOk = await connection.expect('access.request-ok', 1);
  expect([requestOk.short(), requestOk.left]).toEqual([1, 0]);
});

describe('the connection is closed', () => {
  test('with 504 when an open channel is opened', async () => {
    await using connection = await openRawChannel();
    connection.write(openChannel(1));
    expect(await connection.expectConnectionClose()).toEqual({
      code: 504,
      text: "CHANNEL_ERROR - second 'channel.open' seen",
      classId: 20,
      methodId: 10,
    });
  });

  test.for([
    ['queue.declare', declareQueue(5, 'any')],
    ['basic.get', get(5, 'any')],
    ['channel.close', closeChannel(5)],
    ['channel.close-ok', method(5, 'channel.close-ok')],
    ['connection.open', method(5, 'connection.open', Buffer.from('\x01/\0\0'))],
  ] as const)('with 504 when a channel that is not open gets %s', async ([name, bytes]) => {
    await using connection = await openRaw();
    connection.write(bytes);
    const [classId, methodId] = METHODS[name];
    const text = "CHANNEL_ERROR - expected 'channel.open'";
    expect(await connection.expectConnectionClose()).toEqual({ code: 504, text, classId, methodId });
  });

  test('with 504 when a channel is used again after it was closed', async () => {
    await using connection = await openRawChannel();
    connection.write(closeChannel(1));
    await connection.expect('channel.close-ok', 1);
    connection.write(declareQueue(1, 'any'));
    expect(await connection.expectConnectionClose()).toMatchObject({
      code: 504,
      text: "CHANNEL_ERROR - expected 'channel.open'",
    });
  });

  test.for([
    ['channel.open-ok', Buffer.alloc(4)],
    ['channel.flow-ok', bits(true)],
    ['basic.get-empty', Buffer.of(0)],
    ['connection.close', Buffer.alloc(7)],
  ] as const)('with 503 when an open channel gets %s, which is not for it', async ([name, args]) => {
    await using connection = await openRawChannel();
    connection.write(method(1, name, args));
    const [classId, methodId] = METHODS[name];
    const text = 'COMMAND_INVALID - unimplemented method';
    expect(await connection.expectConnectionClose()).toEqual({ code: 503, text, classId, methodId });
  });

  test('with 540 when a channel is to pause, which only lets it go on', async () => {
    await using connection = await openRawChannel();
    connection.write(method(1, 'channel.flow', bits(true)));
    const flowOk = await connection.expect('channel.flow-ok', 1);
    expect([flowOk.octet(), flowOk.left]).toEqual([1, 0]);
    connection.write(method(1, 'channel.flow', bits(false)));
    expect(await connection.expectConnectionClose()).toEqual({
      code: 540,
      text: 'NOT_IMPLEMENTED - active=false',
      classId: 20,
      methodId: 20,
    });
  });
});

describe('a channel that the broker has closed for an error', () => {
  const missing = {
    code: 404,
    text: `NOT_FOUND - no queue 'missing' in vhost '${brokerVhost()}'`,
    classId: 60,
    methodId: 70,
  };

  test('ignores everything until close-ok, publishes behind the failing method too, and can be opened anew', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}after`;
    connection.write(declareQueue(1, queue));
    await connection.expect('queue.declare-ok', 1);
    connection.write(get(1, 'missing'), publish(1, queue, 'lost'), get(1, 'missing'), ack(1, 99));
    expect(await connection.expectChannelClose(1)).toEqual(missing);
    connection.write(openChannel(1));
    await connection.expect('channel.open-ok', 1);
    connection.write(get(1, queue));
    await connection.expect('basic.get-empty', 1);
  });

  test('cannot be opened anew before close-ok: that is 504', async () => {
    await using connection = await openRawChannel();
    connection.write(get(1, 'missing'));
    expect(methodName(await connection.nextFrame())).toBe('channel.close');
    // Behind the answer: sent at once, its refusal may overtake that.
    connection.write(openChannel(1));
    expect(await connection.expectConnectionClose()).toEqual({
      code: 504,
      text: "CHANNEL_ERROR - second 'channel.open' seen",
      classId: 20,
      methodId: 10,
    });
  });

  test('answers a close of the client, which crosses its own, and awaits close-ok all the same', async () => {
    await using connection = await openRawChannel();
    connection.write(get(1, 'missing'), closeChannel(1));
    expect(methodName(await connection.nextFrame())).toBe('channel.close');
    await connection.expect('channel.close-ok', 1);
    connection.write(method(1, 'channel.close-ok'), openChannel(1));
    await connection.expect('channel.open-ok', 1);
  });

  test('leaves the other channels alone', async () => {
    await using connection = await openRawChannel();
    connection.write(openChannel(2));
    await connection.expect('channel.open-ok', 2);
    connection.write(get(1, 'missing'));
    expect(await connection.expectChannelClose(1)).toEqual(missing);
    connection.write(declareQueue(2, ''));
    await connection.expect('queue.declare-ok', 2);
  });

  test('has its messages back in the queue before the close is answered', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}back`;
    connection.write(declareQueue(1, queue), publish(1, queue, 'kept'), get(1, queue, false));
    await connection.expect('queue.declare-ok', 1);
    await connection.expectContent('basic.get-ok');
    connection.write(get(1, 'missing'));
    expect(await connection.expectChannelClose(1)).toEqual(missing);
    connection.write(openChannel(1));
    await connection.expect('channel.open-ok', 1);
    connection.write(get(1, queue));
    const { method: getOk, body } = await connection.expectContent('basic.get-ok');
    expect([getOk.longlong(), getOk.octet(), String(body)]).toEqual([1n, 1, 'kept']);
  });
});

describe('a close by the client', () => {
  test('of a channel stops its consumer and gives its messages back, whatever reply it carries', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}closed`;
    connection.write(declareQueue(1, queue), consume(1, queue), publish(1, queue, 'kept'));
    await connection.expect('queue.declare-ok', 1);
    await connection.expect('basic.consume-ok', 1);
    await connection.expectContent('basic.deliver');
    connection.write(closeChannel(1, 541, 'the client has a reason'));
    await connection.expect('channel.close-ok', 1);
    connection.write(openChannel(1));
    await connection.expect('channel.open-ok', 1);
    connection.write(declareQueue(1, queue, { passive: true }));
    const declareOk = await connection.expect('queue.declare-ok', 1);
    expect([declareOk.shortstr(), declareOk.long(), declareOk.long()]).toEqual([queue, 1, 0]);
  });
});
