import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { Channel, ConsumeMessage } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { type ConnectionScene, consumeBodies, openConnections, until } from './scene.js';

/** The text of the error that closes a channel. */
async function closing(channel: Channel): Promise<string> {
  const [error] = (await once(channel, 'error')) as [Error];
  return error.message;
}

async function openChannel(scene: ConnectionScene): Promise<Channel> {
  return await (await scene.connect()).channel();
}

describe('a channel', () => {
  it('that a message was too large for is closed, and its connection goes on', async () => {
    await using scene = await openConnections({ maxMessageSize: 1_000 });
    const client = await scene.connect();
    const channel = await client.channel();
    const closed = closing(channel);
    channel.sendToQueue('q', Buffer.alloc(1_001));
    expect(await closed).toContain('PRECONDITION_FAILED - message size 1001 is larger than configured max size 1000');
    const next = await client.channel();
    expect(await next.assertQueue('q')).toMatchObject({ queue: 'q' });
  });

  it('is closed once, however many more of its messages are too large', async () => {
    await using scene = await openConnections({ maxMessageSize: 1_000 });
    const client = await scene.connect();
    const channel = await client.channel();
    const closed = closing(channel);
    for (let count = 0; count < 3; count++) channel.sendToQueue('q', Buffer.alloc(1_001));
    await closed;
    const next = await client.channel();
    expect(await next.assertQueue('q')).toMatchObject({ messageCount: 0 });
  });

  it('shares its prefetch between its consumers in turn', async () => {
    await using scene = await openConnections();
    const channel = await openChannel(scene);
    const names = ['a', 'b', 'c'];
    for (const name of names) {
      scene.model.queue(name);
      for (let count = 0; count < 4; count++) scene.model.publish('', name, name);
    }
    await channel.prefetch(1, true);
    const got: ConsumeMessage[] = [];
    for (const name of names) await consumeBodies(channel, name, (message) => got.push(message));
    for (let count = 1; count <= 12; count++) {
      await until(() => got.length > 0 && got.length === count);
      channel.ack(got[count - 1] as ConsumeMessage);
    }
    const order = got.map(({ content }) => content.toString());
    for (const round of [order.slice(0, 3), order.slice(3, 6), order.slice(6, 9)]) expect(new Set(round).size).toBe(3);
  });

  it('hands a direct reply over, however many there are at once', async () => {
    await using scene = await openConnections();
    const channel = await openChannel(scene);
    const replies: ConsumeMessage[] = [];
    await channel.consume('amq.rabbitmq.reply-to', (message) => message && replies.push(message), { noAck: true });
    const queue = scene.model.queue('rpc');
    channel.sendToQueue('rpc', Buffer.from('?'), { replyTo: 'amq.rabbitmq.reply-to' });
    await until(() => queue.messageCount === 1);
    const content = queue.get(true)?.message.content as unknown as { readonly replyTo: string };
    const large = 'x'.repeat(100_000);
    for (let count = 0; count < 30; count++) scene.model.publish('', content.replyTo, large);
    await until(() => replies.length === 30);
  });
});

describe('a channel with confirms', () => {
  it('confirms once the store has flushed', async () => {
    await using scene = await openConnections();
    const channel = await (await scene.connect()).connection.createConfirmChannel();
    const queue = scene.model.queue('q', { durable: true });
    const confirmed: string[] = [];
    channel.sendToQueue('q', Buffer.from('a'), { persistent: true }, () => confirmed.push('a'));
    await until(() => queue.messageCount === 1);
    await channel.checkQueue('q');
    expect(confirmed).toEqual([]);
    scene.model.store.flush();
    await until(() => confirmed.length === 1);
  });

  it('returns a message before it confirms it', async () => {
    await using scene = await openConnections();
    const channel = await (await scene.connect()).connection.createConfirmChannel();
    const events: string[] = [];
    channel.on('return', () => events.push('returned'));
    channel.sendToQueue('nowhere', Buffer.from('a'), { mandatory: true }, () => events.push('confirmed'));
    await channel.waitForConfirms();
    expect(events).toEqual(['returned', 'confirmed']);
  });

  it('that was closed is not confirmed to any more', async () => {
    await using scene = await openConnections();
    const client = await scene.connect();
    const channel = await client.connection.createConfirmChannel();
    const queue = scene.model.queue('q', { durable: true });
    channel.sendToQueue('q', Buffer.from('a'), { persistent: true }, () => undefined);
    await until(() => queue.messageCount === 1);
    await channel.close();
    const next = await client.channel();
    scene.model.store.flush();
    expect(await next.checkQueue('q')).toMatchObject({ messageCount: 1 });
  });
});

describe('the consumers of a channel', () => {
  it('get what waited once their client has read', async () => {
    await using scene = await openConnections();
    const client = await scene.connect();
    const channel = await client.channel();
    const queue = scene.model.queue('q');
    const bodies = await consumeBodies(channel, 'q', (message) => channel.ack(message));
    const thaw = client.freeze();
    const large = 'x'.repeat(100_000);
    for (let count = 0; count < 200; count++) {
      scene.model.publish('', 'q', `${count} ${large}`);
      await setImmediate();
    }
    expect(queue.messageCount).toBeGreaterThan(50);
    thaw();
    await until(() => bodies.length === 200);
    expect(bodies.map((body) => Number.parseInt(body, 10))).toEqual(Array.from({ length: 200 }, (_, index) => index));
    await until(() => scene.model.memory.used === 0);
  });
});
