/** Queues that belong to one connection. */
import type { Channel } from 'amqplib';
import { expect, it } from 'vitest';
import { openPeer, queueState } from '../support/broker.js';
import { openScene } from './support/scene.js';

const LOCKED =
  "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.";

const LOCKED_OUT: readonly (readonly [
  method: string,
  operation: (channel: Channel, queue: string, exchange: string) => unknown,
])[] = [
  ['queue.declare', (channel, queue) => channel.assertQueue(queue, { exclusive: true })],
  ['queue.declare', (channel, queue) => channel.assertQueue(queue, { exclusive: false })],
  ['queue.declare', (channel, queue) => channel.checkQueue(queue)],
  ['queue.bind', (channel, queue, exchange) => channel.bindQueue(queue, exchange, 'b')],
  ['queue.unbind', (channel, queue, exchange) => channel.unbindQueue(queue, exchange, 'a')],
  ['queue.purge', (channel, queue) => channel.purgeQueue(queue)],
  ['queue.delete', (channel, queue) => channel.deleteQueue(queue)],
  ['basic.consume', (channel, queue) => channel.consume(queue, () => {})],
  ['basic.get', (channel, queue) => channel.get(queue)],
];

it.each(LOCKED_OUT)('%s of an exclusive queue is refused to another connection', async (method, operation) => {
  await using scene = await openScene();
  const [queue, exchange] = [await scene.queue({ name: 'q' }), await scene.exchange('direct')];
  await scene.channel.bindQueue(queue, exchange, 'a');
  const refused = await scene.refusal((channel) => operation(channel, queue, exchange), 'elsewhere');
  expect(refused).toBe(`channel 405 ${method}: ${LOCKED}`);
});

it('another connection may ask to remove a binding that the queue does not have', async () => {
  await using scene = await openScene();
  const queue = await scene.queue();
  expect(await scene.refusal((channel) => channel.unbindQueue(queue, 'amq.direct', 'a'), 'elsewhere')).toBe('accepted');
});

it('every channel of the connection may use the queue', async () => {
  await using scene = await openScene();
  const queue = await scene.queue();
  const channel = await scene.connection.createChannel();
  await channel.assertQueue(queue, { exclusive: true });
  channel.sendToQueue(queue, Buffer.from('x'));
  expect(await channel.get(queue, { noAck: true })).toBeTruthy();
  expect(await channel.deleteQueue(queue)).toEqual({ messageCount: 0 });
});

it('every connection may publish to the queue', async () => {
  await using scene = await openScene();
  await using peer = await openPeer();
  const queue = await scene.queue();
  const channel = await peer.connection.createConfirmChannel();
  channel.sendToQueue(queue, Buffer.from('from elsewhere'));
  await channel.waitForConfirms();
  expect(await scene.bodies(queue)).toEqual(['from elsewhere']);
});

it('the connection cannot declare its queue as one for all, nor one for all as its own', async () => {
  await using scene = await openScene();
  const queue = await scene.queue({ name: 'q' });
  const declare = (exclusive: boolean) =>
    scene.refusal((channel) => channel.assertQueue(queue, { exclusive, durable: false }));
  expect(await declare(false)).toBe(`channel 405 queue.declare: ${LOCKED}`);
  await scene.channel.deleteQueue(queue);
  await scene.queue({ name: 'q', exclusive: false, durable: false });
  expect(await declare(true)).toBe(`channel 405 queue.declare: ${LOCKED}`);
});

it('the queue outlives the channel that declared it, and goes with the connection', async () => {
  await using scene = await openScene();
  await using peer = await openPeer();
  const queue = scene.name('q');
  await peer.channel.assertQueue(queue, { exclusive: true });
  await peer.channel.close();
  expect(await queueState(peer, queue)).toBeDefined();
  await peer.connection.close();
  // The connection is closed for its client only once its queues are gone.
  expect(await queueState(scene, queue)).toBeUndefined();
});

it('the queue goes with a connection that is cut', async () => {
  await using scene = await openScene();
  const peer = await openPeer();
  const queue = scene.name('q');
  await peer.channel.assertQueue(queue, { exclusive: true });
  (peer.connection.connection as unknown as { stream: { destroy(): void } }).stream.destroy();
  // Until then it is locked, which the passive declare is refused for.
  await expect.poll(() => queueState(scene, queue).catch((error) => error.code), { timeout: 10_000 }).toBeUndefined();
});

it('the name is free again once the queue is deleted', async () => {
  await using scene = await openScene();
  await using peer = await openPeer();
  const queue = await scene.queue();
  await scene.channel.deleteQueue(queue);
  await peer.channel.assertQueue(queue, { exclusive: true });
});
