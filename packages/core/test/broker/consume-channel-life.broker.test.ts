import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { brokerUrl, queueState, takeAll } from '../../../../test/support/broker.js';
import { startProxy } from '../../../../test/support/cutting-proxy.js';
import type { Link } from '../../src/broker/connection.js';
import { TqError } from '../../src/errors.js';
import { consumer, frames, peer, queue, send, useOneQueue } from './consumers.js';
import { FakeConnection } from './fake-link.js';

useOneQueue();

it('cancelled, it takes no more and can still settle what is out; closed, the rest goes back', async () => {
  const { channel, received, deliveries, lost } = consumer(frames.url);
  await channel.start();
  send('a', 'b');
  const [first, second] = await received(2);
  await Promise.all([channel.cancel(), channel.cancel()]);
  expect(channel.attached).toBe(false);
  send('c');
  first?.ack();
  await channel.verify();
  expect([deliveries.length, second?.lease.alive, lost]).toEqual([2, true, []]);
  await Promise.all([channel.close(), channel.close()]);
  await channel.close();
  expect([second?.lease.alive, lost]).toEqual([false, [2]]);
  expect((await takeAll(peer, queue)).map(({ content }) => String(content))).toEqual(['b', 'c']);
});

it('flushes acks of the same turn before it closes', async () => {
  const { channel, received } = consumer(frames.url);
  await channel.start();
  send('acked', 'open');
  const [first] = await received(2);
  await channel.cancel();
  first?.ack();
  await channel.close();
  expect((await takeAll(peer, queue)).map(({ content }) => String(content))).toEqual(['open']);
});

it('closed before it was started, it never consumes', async () => {
  const { channel } = consumer(frames.url);
  await channel.close();
  await channel.cancel();
  expect(frames.frames).toEqual([]);
});

it('cancelled before its queue was consumed, its start ends with an error', async () => {
  await using proxy = await startProxy(brokerUrl());
  proxy.refuse();
  const { channel, runtime } = consumer(proxy.url);
  const started = expect(channel.start()).rejects.toMatchObject({
    code: 'closed',
    message: expect.stringContaining(queue),
  });
  await runtime.logged(({ level }) => level === 'warn');
  await channel.cancel();
  await started;
});

it('an exclusive consumer keeps others out, and one that was refused comes in when it has left', async () => {
  const first = consumer(frames.url, { exclusive: true });
  await first.channel.start();
  const second = consumer(frames.url, { exclusive: true });
  const started = second.channel.start();
  const [refusal] = await second.runtime.logged(({ message }) => message === 'cannot consume yet; trying again');
  expect(String(refusal?.fields.err)).toContain('403');
  expect(second.channel.attached).toBe(false);
  await first.channel.close();
  await started;
  expect(await queueState(peer, queue)).toMatchObject({ consumers: 1 });
});

const CONFLICT = new TqError('declaration-conflict', 'the queue is another');

it('a conflict at the first start is an error; later ones are waited out', async () => {
  const atOnce = consumer(frames.url, { prepare: () => Promise.reject(CONFLICT) });
  await expect(atOnce.channel.start()).rejects.toBe(CONFLICT);
  expect(atOnce.channel.attached).toBe(false);

  let prepared = 0;
  const later = consumer(frames.url, {
    prepare: async () => {
      prepared++;
      if (prepared === 2 || prepared === 3) throw CONFLICT;
    },
  });
  await later.channel.start();
  await peer.channel.deleteQueue(queue);
  await later.runtime.logged(({ fields }) => fields.err === CONFLICT, 2);
  await peer.channel.assertQueue(queue, { durable: true });
  send('a');
  await later.received(1);
});

it('what is no conflict is tried again from the start', async () => {
  let prepared = 0;
  const { channel, received } = consumer(frames.url, {
    prepare: async () => {
      if (++prepared < 3) throw new Error('the node of the queue is down');
    },
  });
  await channel.start();
  expect(prepared).toBe(3);
  send('a');
  await received(1);
});

it('notices a channel that the broker closes in the same breath in which it accepts the consumer', async () => {
  class Channel extends EventEmitter {
    readonly prefetch = async () => undefined;
    readonly consume = async () => {
      // The frames of both stand in one packet: amqplib reads the second before anybody hears of the first.
      if (channels.length === 1) this.emit('close');
      return { consumerTag: 'c' };
    };
    readonly close = async () => void this.emit('close');
    readonly cancel = async () => undefined;
  }
  const channels: Channel[] = [];
  const createChannel = async () => {
    channels.push(new Channel());
    return channels.at(-1);
  };
  const fake = new FakeConnection();
  fake.link = { epoch: 1, model: { createChannel } } as unknown as Link;
  const { channel } = consumer(frames.url, { connection: fake.connection, prepare: async () => undefined });
  await channel.start();
  expect([channel.attached, channels.length]).toEqual([true, 2]);
});
