/** What goes wrong on one connection is no other one's business. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { BODY, frame, header, METHOD, method, methodOf } from './support/frames.js';
import { openRawChannel } from './support/handshake.js';
import type { RawConnection } from './support/raw-connection.js';
import {
  closeChannel,
  consume,
  declareQueue,
  deleteQueue,
  get,
  openChannel,
  prefetch,
  publish,
  publishMethod,
} from './support/requests.js';

let bystander: RawConnection;
let queue: string;

beforeEach(async () => {
  bystander = await openRawChannel();
  queue = `${freshPrefix()}bystander`;
  bystander.write(declareQueue(1, queue, { exclusive: false }), consume(1, queue, { noAck: true }));
  await bystander.expect('queue.declare-ok', 1);
  await bystander.expect('basic.consume-ok', 1);
});

afterEach(async () => {
  bystander.write(deleteQueue(1, queue));
  // The consumer of a deleted queue is told so only when its client announced that it understands; this one did not.
  await bystander.expect('queue.delete-ok', 1);
  await bystander[Symbol.asyncDispose]();
});

/** Shows that the bystander, and whoever comes, publish and consume as before. */
async function expectPeace(): Promise<void> {
  await using newcomer = await openRawChannel();
  newcomer.write(publish(1, queue, 'from the newcomer'));
  expect(String((await bystander.expectContent('basic.deliver')).body)).toBe('from the newcomer');
  bystander.write(publish(1, queue, 'from the bystander'));
  expect(String((await bystander.expectContent('basic.deliver')).body)).toBe('from the bystander');
}

test.for([
  ['ends a frame wrongly', frame(METHOD, 1, Buffer.alloc(20), { end: 0 })],
  ['sends a frame that is too large', frame(BODY, 1, Buffer.alloc(0), { length: 0xffff_ffff })],
  ['sends a frame of an unknown type', frame(42, 1, Buffer.alloc(20))],
  ['calls an unknown method', methodOf(1, [99, 99])],
  ['sends a malformed table', method(1, 'queue.declare', Buffer.from('000000000000000002ff41', 'hex'))],
  ['sends malformed properties', publish(1, 'nowhere', 'body', { properties: Buffer.of(0xff) })],
  ['breaks off a message', Buffer.concat([publishMethod(1, 'nowhere'), closeChannel(1)])],
  ['opens a channel twice', openChannel(1)],
  ['speaks HTTP amid it all', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['sends zeros', Buffer.alloc(50_000)],
] as const)('a connection that %s disturbs no other', async ([, bytes]) => {
  await using connection = await openRawChannel();
  connection.write(bytes);
  await connection.nextFrame().catch(() => {});
  await expectPeace();
});

describe('a connection that vanishes', () => {
  test.for([
    ['with a FIN', (connection: RawConnection) => connection.socket.end()],
    ['with a reset', (connection: RawConnection) => connection.socket.resetAndDestroy()],
  ] as const)('amid a frame (%s) disturbs no other', async ([, vanish]) => {
    await using connection = await openRawChannel();
    connection.write(publish(1, queue, 'cut').subarray(0, -3));
    vanish(connection);
    await connection.closed();
    await expectPeace();
  });

  test('amid a message has not published it', async () => {
    await using connection = await openRawChannel();
    connection.write(publish(1, queue, 'whole'), publishMethod(1, queue), header(1, 8));
    connection.write(frame(BODY, 1, Buffer.from('half')));
    // Only then: RabbitMQ may lose what an unexpected end of the socket overtakes, whole messages too.
    expect(String((await bystander.expectContent('basic.deliver')).body)).toBe('whole');
    connection.socket.end();
    await connection.closed();
    await expectPeace();
  });

  test('without a close gives up its exclusive queues and its unacknowledged messages', async () => {
    await using connection = await openRawChannel();
    const [own, shared] = [`${queue}.own`, `${queue}.shared`];
    connection.write(declareQueue(1, own), declareQueue(1, shared, { exclusive: false }), publish(1, shared, 'kept'));
    await connection.expect('queue.declare-ok', 1);
    await connection.expect('queue.declare-ok', 1);
    connection.write(get(1, shared, false));
    await connection.expectContent('basic.get-ok');
    bystander.write(consume(1, shared, { noAck: true, tag: 'heir' }));
    await bystander.expect('basic.consume-ok', 1);
    connection.socket.resetAndDestroy();
    const { method: deliver, body } = await bystander.expectContent('basic.deliver');
    expect([deliver.shortstr(), deliver.longlong() > 0n, deliver.octet(), String(body)]).toEqual([
      'heir',
      true,
      1,
      'kept',
    ]);
    bystander.write(deleteQueue(1, shared), declareQueue(1, own, { exclusive: false }), deleteQueue(1, own));
    await bystander.expect('queue.delete-ok', 1);
    await bystander.expect('queue.declare-ok', 1);
    await bystander.expect('queue.delete-ok', 1);
  });
});

test('a connection that reads nothing of what it consumes holds up no other', async () => {
  await using connection = await openRawChannel();
  const flood = `${queue}.flood`;
  connection.write(declareQueue(1, flood), method(1, 'confirm.select', Buffer.of(0)));
  await connection.expect('queue.declare-ok', 1);
  await connection.expect('confirm.select-ok', 1);
  connection.write(consume(1, flood, { noAck: true }));
  await connection.expect('basic.consume-ok', 1);
  connection.socket.pause();
  const large = publish(1, flood, Buffer.alloc(100_000));
  for (let sent = 0; sent < 200; sent++) bystander.write(large);
  await expectPeace();
  connection.socket.resume();
  for (let received = 0; received < 200; received++) {
    expect((await connection.expectContent('basic.deliver')).body.length).toBe(100_000);
  }
});

test('many connections that come and go at once disturb no other', async () => {
  const visit = async (index: number) => {
    await using connection = await openRawChannel();
    connection.write(publish(1, queue, String(index)), prefetch(1, 1));
    await connection.expect('basic.qos-ok', 1);
    if (index % 2) connection.socket.resetAndDestroy();
  };
  await Promise.all(Array.from({ length: 60 }, (_, index) => visit(index)));
  const left = new Set(Array.from({ length: 60 }, (_, index) => String(index)));
  while (left.size > 0) left.delete(String((await bystander.expectContent('basic.deliver')).body));
});
