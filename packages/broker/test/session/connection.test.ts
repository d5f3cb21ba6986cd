import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { consumeBodies, openConnections, until } from './scene.js';

describe('a failure inside of the broker', () => {
  it('ends the connection that it happens to with 541, and no other', async () => {
    await using scene = await openConnections();
    const [unlucky, other] = [await scene.connect(), await scene.connect()];
    const [publisher, bystander] = [await unlucky.channel(), await other.channel()];
    await publisher.assertQueue('q', { durable: true });
    scene.model.store.failure = new TypeError('broken store');
    publisher.sendToQueue('q', Buffer.from('a'), { persistent: true });
    expect(await unlucky.ended).toMatchObject({ code: 541 });
    expect(scene.log).toContain('error: a connection failed in an unforeseen way');
    expect(await bystander.checkQueue('q')).toMatchObject({ queue: 'q' });
  });

  it('ends the connection also when it happens in the end of a turn', async () => {
    await using scene = await openConnections();
    const [unlucky, other] = [await scene.connect(), await scene.connect()];
    const [publisher, bystander] = [await unlucky.connection.createConfirmChannel(), await other.channel()];
    publisher.on('error', () => undefined);
    await publisher.assertQueue('q', { durable: true });
    scene.model.store.whenFlushed = () => {
      throw new TypeError('broken store');
    };
    publisher.sendToQueue('q', Buffer.from('a'), { persistent: true }, () => undefined);
    expect(await unlucky.ended).toMatchObject({ code: 541 });
    expect(await bystander.checkQueue('q')).toMatchObject({ queue: 'q' });
  });

  it('that happens again while the connection ends is only noted', async () => {
    await using scene = await openConnections();
    const [unlucky, other] = [await scene.connect(), await scene.connect()];
    const [publisher, bystander] = [await unlucky.channel(), await other.channel()];
    await publisher.assertQueue('q', { durable: true });
    await bystander.assertQueue('own', { exclusive: true });
    const { releaseOwner } = scene.model.vhost;
    scene.model.vhost.releaseOwner = () => {
      throw new TypeError('broken end');
    };
    scene.model.store.failure = new TypeError('broken store');
    publisher.sendToQueue('q', Buffer.from('a'), { persistent: true });
    await unlucky.ended;
    expect(scene.log).toContain('error: the end of a connection failed in an unforeseen way');
    scene.model.vhost.releaseOwner = releaseOwner;
    expect(await bystander.checkQueue('own')).toMatchObject({ queue: 'own' });
  });
});

describe('the end of a connection', () => {
  it('gives nothing of one channel to another one that ends as well', async () => {
    await using scene = await openConnections();
    const client = await scene.connect();
    const [first, second] = [await client.channel(), await client.channel()];
    const queue = scene.model.queue('q', {
      durable: true,
      arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 1 },
    });
    const bodies = await consumeBodies(first, 'q');
    first.sendToQueue('q', Buffer.from('a'));
    await until(() => bodies.length === 1);
    await consumeBodies(second, 'q');
    await client.connection.close();
    const entry = queue.get(false);
    expect([entry?.deliveryCount, queue.unacknowledgedCount]).toEqual([1, 1]);
  });

  it('promotes none of its own consumers on the way', async () => {
    await using scene = await openConnections();
    const client = await scene.connect();
    const queue = scene.model.queue('q', {
      durable: true,
      arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true },
    });
    const [first, second] = [await client.channel(), await client.channel()];
    await first.prefetch(1);
    const bodies = await consumeBodies(first, 'q');
    for (const body of ['a', 'b']) first.sendToQueue('q', Buffer.from(body));
    await until(() => bodies.length === 1);
    await consumeBodies(second, 'q');
    await client.connection.close();
    const counts = [queue.get(false), queue.get(false)].map((entry) => entry?.deliveryCount);
    expect(counts).toEqual([1, 0]);
  });

  it('is at hand when a client says that it will say no more, though it reads nothing', async () => {
    await using scene = await openConnections();
    const client = await scene.connect();
    const channel = await client.channel();
    await channel.assertQueue('own', { exclusive: true });
    const queue = scene.model.queue('q');
    await consumeBodies(channel, 'q');
    client.freeze();
    // More than the system takes for a client that does not read.
    scene.model.publish('', 'q', 'x'.repeat(30_000_000));
    expect(queue.unacknowledgedCount).toBe(1);
    client.socket.end();
    await until(() => queue.messageCount === 1);
    expect([queue.consumerCount, scene.model.vhost.queues.find('own')]).toEqual([0, undefined]);
  });

  it('is told to a client that is blocked, whose answer is waited for', async () => {
    await using scene = await openConnections({ memoryLimit: 10_000 });
    const client = await scene.connect();
    const channel = await client.channel();
    scene.model.queue('q');
    const blocked = once(client.connection, 'blocked');
    for (let count = 0; count < 3; count++) channel.sendToQueue('q', Buffer.alloc(10_000));
    await blocked;
    for (const connection of scene.connections) connection.shutDown();
    expect(await client.ended).toMatchObject({ code: 320 });
    await Promise.all(scene.connections.map(({ ended }) => ended));
  });

  it('comes by itself when a client does not say whom it is', async () => {
    await using scene = await openConnections();
    const socket = connect(scene.port, '127.0.0.1').resume();
    socket.write('AMQP\0\0\x09\x01');
    await once(socket, 'data');
    const ended = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
    scene.model.clock.advance(10_000);
    await ended;
    await until(() => scene.model.clock.timerCount === 0);
  });

  it('leaves no timer and no listener behind', async () => {
    await using scene = await openConnections({ memoryLimit: 10_000 });
    const client = await scene.connect();
    await client.channel();
    await client.connection.close();
    await Promise.all(scene.connections.map(({ ended }) => ended));
    expect(scene.model.clock.timerCount).toBe(0);
    const told = scene.log.length;
    scene.model.memory.add(20_000);
    scene.model.memory.remove(20_000);
    expect(scene.log).toHaveLength(told);
  });
});
