/** Freedoms of a client in how it writes its requests. */
import { describe, expect, test } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { bits, longlong, octet, short, shortstr, table } from './support/fields.js';
import { header, type MethodName, method, methodName } from './support/frames.js';
import { brokerVhost, dialTuning, openRaw, openRawChannel, tuneOk } from './support/handshake.js';
import type { RawConnection } from './support/raw-connection.js';
import { ack, declareQueue, deleteQueue, get, prefetch, publish } from './support/requests.js';

/** Shows that the channel works and has nothing more to say. */
async function expectQuiet(connection: RawConnection): Promise<void> {
  connection.write(prefetch(1, 1));
  await connection.expect('basic.qos-ok', 1);
}

describe('what a method no longer uses may hold anything', () => {
  test('in connection.open and channel.open', async () => {
    await using connection = await dialTuning();
    connection.write(tuneOk());
    connection.write(method(0, 'connection.open', shortstr(brokerVhost()), shortstr('capabilities'), octet(0xff)));
    await connection.expect('connection.open-ok');
    connection.write(method(1, 'channel.open', shortstr('out of band')));
    await connection.expect('channel.open-ok', 1);
  });

  test('as the ticket of AMQP 0-8', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}ticket`;
    const flags = bits(false, false, true, false, false);
    connection.write(
      method(1, 'queue.declare', short(101), shortstr(queue), flags, table()),
      method(1, 'basic.publish', short(101), shortstr(''), shortstr(queue), bits(false, false)),
      header(1, 0),
      method(1, 'basic.get', short(101), shortstr(queue), bits(true)),
    );
    await connection.expect('queue.declare-ok', 1);
    await connection.expectContent('basic.get-ok');
  });

  test('in the bits behind the last flag', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}bits`;
    connection.write(
      method(1, 'queue.declare', short(0), shortstr(queue), octet(0b1110_0100), table()),
      publish(1, queue, 'one'),
      publish(1, queue, 'two'),
      get(1, queue, false),
      get(1, queue, false),
    );
    await connection.expect('queue.declare-ok', 1);
    await connection.expectContent('basic.get-ok');
    await connection.expectContent('basic.get-ok');
    // Not `multiple`: the first delivery stays open, so that it can be acknowledged after the second.
    connection.write(method(1, 'basic.ack', longlong(2), octet(0b1111_1110)), ack(1, 1));
    await expectQuiet(connection);
  });
});

describe('without a wish for an answer', () => {
  test('basic.consume and basic.cancel get none, and work', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}mute`;
    const flags = bits(false, true, false, true);
    connection.write(
      declareQueue(1, queue),
      method(1, 'basic.consume', short(0), shortstr(queue), shortstr('mute'), flags, table()),
      publish(1, queue, 'consumed'),
    );
    await connection.expect('queue.declare-ok', 1);
    expect((await connection.expectContent('basic.deliver')).method.shortstr()).toBe('mute');
    connection.write(method(1, 'basic.cancel', shortstr('mute'), bits(true)), publish(1, queue, 'left'), get(1, queue));
    expect(String((await connection.expectContent('basic.get-ok')).body)).toBe('left');
  });

  test('basic.consume without a tag gets one from the broker', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}tag`;
    const flags = bits(false, true, false, true);
    connection.write(
      declareQueue(1, queue),
      method(1, 'basic.consume', short(0), shortstr(queue), shortstr(''), flags, table()),
      publish(1, queue, 'consumed'),
    );
    await connection.expect('queue.declare-ok', 1);
    expect((await connection.expectContent('basic.deliver')).method.shortstr()).toMatch(/^amq\.ctag-.{22}$/);
  });

  test('confirm.select gets none, and publishes are confirmed', async () => {
    await using connection = await openRawChannel();
    connection.write(method(1, 'confirm.select', bits(true)), publish(1, 'nowhere', 'lost'));
    const confirmed = await connection.expect('basic.ack', 1);
    expect([confirmed.longlong(), confirmed.octet(), confirmed.left]).toEqual([1n, 0, 0]);
    await expectQuiet(connection);
  });

  test('a failing request closes its channel all the same', async () => {
    await using connection = await openRawChannel();
    const flags = bits(false, true, false, true);
    connection.write(method(1, 'basic.consume', short(0), shortstr('missing'), shortstr(''), flags, table()));
    expect(await connection.expectChannelClose(1)).toMatchObject({ code: 404, classId: 60, methodId: 20 });
  });
});

test('requests written ahead are answered in their order', async () => {
  await using connection = await openRaw();
  const queue = `${freshPrefix()}order`;
  const rounds = 50;
  const requests: readonly (readonly [Buffer, MethodName])[] = [
    [declareQueue(1, queue), 'queue.declare-ok'],
    [prefetch(1, 3), 'basic.qos-ok'],
    [get(1, queue), 'basic.get-empty'],
    [method(1, 'channel.flow', bits(true)), 'channel.flow-ok'],
    [deleteQueue(1, queue), 'queue.delete-ok'],
  ];
  const repeated = Array.from({ length: rounds }, () => requests).flat();
  connection.write(method(1, 'channel.open', shortstr('')), ...repeated.map(([bytes]) => bytes));
  await connection.expect('channel.open-ok', 1);
  const answers: unknown[] = [];
  while (answers.length < repeated.length) answers.push(methodName(await connection.nextFrame()));
  expect(answers).toEqual(repeated.map(([, answer]) => answer));
});

describe('a queue name', () => {
  test.for([
    ['a zero byte', '\0x'],
    ['spaces and signs', ' *#.<>"\' '],
    ['letters of any script', 'Grüße-世界-🐇'],
  ] as const)('may hold %s', async ([, suffix]) => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}${suffix}`;
    connection.write(declareQueue(1, queue), publish(1, queue, 'found'), get(1, queue));
    expect((await connection.expect('queue.declare-ok', 1)).shortstr()).toBe(queue);
    const found = await connection.expectContent('basic.get-ok');
    found.method.take(9);
    expect([found.method.shortstr(), found.method.shortstr()]).toEqual(['', queue]);
  });

  test('may have 255 bytes', async () => {
    await using connection = await openRawChannel();
    const queue = freshPrefix().padEnd(255, 'n');
    connection.write(declareQueue(1, queue));
    expect((await connection.expect('queue.declare-ok', 1)).shortstr()).toBe(queue);
  });

  test('loses its line breaks when it is declared', async () => {
    await using connection = await openRawChannel();
    const prefix = freshPrefix();
    connection.write(declareQueue(1, `${prefix}\r\nx\ny`), get(1, `${prefix}xy`));
    expect((await connection.expect('queue.declare-ok', 1)).shortstr()).toBe(`${prefix}xy`);
    await connection.expect('basic.get-empty', 1);
  });
});
