import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { open, start } from './running-broker.js';
import { consumeBodies, until } from './session/scene.js';

const KIB = 1024;

describe('a client that does not read', () => {
  it.each([true, false])(
    'gets no more than a bounded amount, and the rest in order later (noAck: %j)',
    async (noAck) => {
      await using broker = await start();
      const [slow, other] = [await open(broker.url), await open(broker.url)];
      const [slowChannel, channel] = [await slow.channel(), await other.channel()];
      await channel.assertQueue('q');
      const got: number[] = [];
      await slowChannel.consume('q', (message) => message && got.push(message.content.readUInt32BE()), { noAck });
      const thaw = slow.freeze();
      const total = 600;
      for (let index = 0; index < total; index++) {
        const body = Buffer.alloc(100 * KIB);
        body.writeUInt32BE(index);
        channel.sendToQueue('q', body);
      }
      await until(() => broker.inspect().totals.published === total);
      expect(await channel.checkQueue('q')).toMatchObject({ consumerCount: 1 });
      // What the system's own buffers take is some MiB.
      expect(broker.inspect().messages).toBeGreaterThan(total / 2);
      thaw();
      await until(() => got.length === total);
      expect(got).toEqual(Array.from({ length: total }, (_, index) => index));
    },
  );
});

describe('a broker whose memory is full', () => {
  it('blocks who publishes, until others have made room', async () => {
    await using broker = await start({ limits: { memory: 1_000 * KIB } });
    const [publisher, consumer] = [await open(broker.url), await open(broker.url)];
    const events: string[] = [];
    for (const [name, { connection }] of Object.entries({ publisher, consumer })) {
      connection.on('blocked', (reason: string) => events.push(`${name} blocked: ${reason}`));
      connection.on('unblocked', () => events.push(`${name} unblocked`));
    }
    const [sending, taking] = [await publisher.channel(), await consumer.channel()];
    await sending.assertQueue('q');
    for (let count = 0; count < 30; count++) sending.sendToQueue('q', Buffer.alloc(100 * KIB));
    await until(() => events.length === 1);
    expect(events).toEqual(['publisher blocked: low on memory']);
    expect(broker.inspect().memory).toMatchObject({ blocked: true, limit: 1_000 * KIB });
    expect(broker.inspect().messages).toBeLessThan(15);
    const bodies = await consumeBodies(taking, 'q', (message) => taking.ack(message));
    await until(() => bodies.length === 30);
    await until(() => events.length > 1 && broker.inspect().memory.used === 0);
    expect(events.slice(0, 2)).toEqual(['publisher blocked: low on memory', 'publisher unblocked']);
    expect(events.filter((event) => event.startsWith('consumer'))).toEqual([]);
    expect(await sending.checkQueue('q')).toMatchObject({ messageCount: 0 });
  });

  it('lets a client that publishes later do so once, and blocks it', async () => {
    await using broker = await start({ limits: { memory: 100 * KIB } });
    const [first, second] = [await open(broker.url), await open(broker.url)];
    const [filling, late] = [await first.channel(), await second.channel()];
    await filling.assertQueue('q');
    filling.sendToQueue('q', Buffer.alloc(200 * KIB));
    await until(() => broker.inspect().memory.blocked);
    const blocked = once(second.connection, 'blocked');
    expect(await late.checkQueue('q')).toMatchObject({ messageCount: 1 });
    late.sendToQueue('q', Buffer.from('late'));
    await blocked;
    const unblocked = once(second.connection, 'unblocked');
    await filling.purgeQueue('q').catch(() => undefined);
    await unblocked;
    await until(() => broker.inspect().messages === 1);
  });
});

describe('many clients', () => {
  it('connect, publish and consume at once', async () => {
    await using broker = await start();
    const count = 200;
    const clients = await Promise.all(Array.from({ length: count }, () => open(broker.url)));
    const channels = await Promise.all(clients.map((client) => client.channel()));
    await channels[0]?.assertExchange('all', 'fanout');
    let got = 0;
    await Promise.all(
      channels.map(async (channel) => {
        const { queue } = await channel.assertQueue('', { exclusive: true });
        await channel.bindQueue(queue, 'all', '');
        await consumeBodies(channel, queue, (message) => {
          got += 1;
          channel.ack(message);
        });
      }),
    );
    expect(broker.inspect()).toMatchObject({ connections: count, channels: count, queues: count, consumers: count });
    channels[0]?.publish('all', '', Buffer.from('hello'));
    await until(() => got === count);
    await Promise.all(clients.map(({ connection }) => connection.close()));
    await until(() => broker.inspect().connections === 0);
    expect(broker.inspect()).toMatchObject({ queues: 0, messages: 0, unacknowledged: 0, memory: { used: 0 } });
  });
});

describe('heartbeats', () => {
  it('keep a client that sends them, and end one that falls silent', async () => {
    await using broker = await start();
    const [lively, frozen] = [await open(`${broker.url}?heartbeat=1`), await open(`${broker.url}?heartbeat=1`)];
    silence(frozen.socket);
    await frozen.ended;
    await until(() => broker.inspect().connections === 1);
    const channel = await lively.channel();
    expect(await channel.assertQueue('q')).toMatchObject({ queue: 'q' });
  });
});

/** Lets nothing out any more. */
function silence(socket: Socket): void {
  socket.write = () => true;
}
