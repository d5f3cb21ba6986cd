import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, type Peer, queueState, takeAll } from '../../../../test/support/broker.js';
import { startProxy } from '../../../../test/support/cutting-proxy.js';
import { Connection, type Link } from '../../src/broker/connection.js';
import { ConsumeChannel, type ConsumeChannelOptions, type Delivery } from '../../src/broker/consume-channel.js';
import { TqError } from '../../src/errors.js';
import { type TestRuntime, testRuntime } from '../test-runtime.js';
import { FakeConnection } from './fake-link.js';
import { type FrameProxy, METHOD, startFrameProxy } from './frame-proxy.js';

let peer: Peer;
let frames: FrameProxy;
let queue: string;
const ends: (() => Promise<void>)[] = [];

beforeEach(async () => {
  [peer, frames] = await Promise.all([openPeer(), startFrameProxy(brokerUrl())]);
  queue = `${freshPrefix()}q`;
  await peer.channel.assertQueue(queue, { durable: true });
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await frames[Symbol.asyncDispose]();
  await peer.close();
});

interface Consumer {
  readonly channel: ConsumeChannel;
  readonly deliveries: Delivery[];
  readonly runtime: TestRuntime;
  readonly lost: number[];
  /** Resolves with the first `count` deliveries, past or to come. */
  received(count: number): Promise<Delivery[]>;
}

function consumer(url: string, more: Partial<ConsumeChannelOptions> = {}): Consumer {
  const runtime = testRuntime();
  const connection = new Connection({ urls: [url], role: 'test', heartbeatS: 10, connectTimeoutMs: 5_000, runtime });
  const deliveries: Delivery[] = [];
  const lost: number[] = [];
  const watchers = new Set<() => void>();
  const channel = new ConsumeChannel({
    connection,
    queue,
    prefetch: 10,
    exclusive: false,
    prepare: async ({ model }) => {
      const preparing = await model.createChannel();
      await preparing.assertQueue(queue, { durable: true });
      await preparing.close();
    },
    onDelivery: (delivery) => {
      deliveries.push(delivery);
      for (const watch of [...watchers]) watch();
    },
    onLost: () => lost.push(deliveries.length),
    runtime,
    ...more,
  });
  ends.push(async () => {
    await channel.close();
    await connection.close();
  });
  const received = (count: number) =>
    new Promise<Delivery[]>((resolve) => {
      const watch = () => {
        if (deliveries.length < count) return;
        watchers.delete(watch);
        resolve(deliveries.slice(0, count));
      };
      watchers.add(watch);
      watch();
    });
  return { channel, deliveries, runtime, lost, received };
}

function send(...bodies: string[]): void {
  for (const body of bodies) peer.channel.sendToQueue(queue, Buffer.from(body), { persistent: true });
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index + 1}`);
const bodyOf = (delivery: Delivery | undefined) => String(delivery?.message.body);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The acks on the wire: tag, and whether it stands for all before it. */
function acks(): { tag: number; multiple: boolean }[] {
  return frames
    .sent('client', METHOD.basicAck)
    .map(({ rest }) => ({ tag: Number(rest.readBigUInt64BE(0)), multiple: rest.readUInt8(8) === 1 }));
}

it('hands over what was sent, with its properties', async () => {
  const { channel, received } = consumer(frames.url);
  await channel.start();
  expect([channel.attached, channel.queue]).toEqual([true, queue]);
  peer.channel.sendToQueue(queue, Buffer.from('body'), { correlationId: 'c1', headers: { a: 1 } });
  const [delivery] = await received(1);
  expect(delivery?.lease.alive).toBe(true);
  expect(delivery?.message).toMatchObject({
    properties: { correlationId: 'c1', headers: { a: 1 } },
    exchange: '',
    routingKey: queue,
    redelivered: false,
  });
  expect(bodyOf(delivery)).toBe('body');
});

it('acks all that one turn has settled with one frame', async () => {
  const { channel, received } = consumer(frames.url, { prefetch: 100 });
  await channel.start();
  send(...numbers(100));
  const deliveries = await received(100);
  for (const delivery of deliveries.slice(0, 60).reverse()) delivery.ack();
  await turn();
  for (const delivery of deliveries.slice(60)) delivery.ack();
  await channel.close();
  expect(acks()).toEqual([
    { tag: 60, multiple: true },
    { tag: 100, multiple: true },
  ]);
  expect(await queueState(peer, queue)).toEqual({ messages: 0, consumers: 0 });
});

it('acks nothing beyond a gap that is still open, and the rest when it closes', async () => {
  const { channel, received } = consumer(frames.url);
  await channel.start();
  send(...numbers(4));
  const [one, two, three, four] = await received(4);
  for (const delivery of [one, three, four]) delivery?.ack();
  await turn();
  two?.ack();
  await channel.close();
  expect(acks()).toEqual([
    { tag: 1, multiple: true },
    { tag: 3, multiple: false },
    { tag: 4, multiple: false },
    { tag: 2, multiple: true },
  ]);
  expect(await queueState(peer, queue)).toEqual({ messages: 0, consumers: 0 });
});

it('gives one delivery back at once, and it comes again as redelivered', async () => {
  const { channel, received } = consumer(frames.url);
  await channel.start();
  send('a', 'b');
  const [first, second] = await received(2);
  first?.requeue();
  const [, , again] = await received(3);
  expect([bodyOf(again), again?.message.redelivered]).toEqual(['a', true]);
  second?.ack();
  again?.ack();
  await channel.close();
  expect(frames.sent('client', METHOD.basicNack)).toHaveLength(1);
  expect(await queueState(peer, queue)).toEqual({ messages: 0, consumers: 0 });
});

it('holds no more than its prefetch, also after it came back', async () => {
  await using proxy = await startProxy(frames.url);
  const { channel, received, lost, deliveries } = consumer(proxy.url, { prefetch: 2 });
  await channel.start();
  send(...numbers(5));
  await received(2);
  proxy.cut();
  const [, , third, fourth] = await received(4);
  expect([bodyOf(third), bodyOf(fourth)]).toEqual(['1', '2']);
  expect(lost).toEqual([2]);
  // A round trip after the deliveries: what the broker still wanted to send would be here.
  await channel.verify();
  expect(deliveries).toHaveLength(4);
  const prefetches = frames
    .sent('client', METHOD.basicQos)
    .map(({ rest }) => [rest.readUInt16BE(4), rest.readUInt8(6)]);
  // Count 2, and for each consumer, not for the channel.
  expect(prefetches).toEqual([
    [2, 0],
    [2, 0],
  ]);
});

it('a delivery of a channel that is gone settles nothing: its tag means another message now', async () => {
  await using proxy = await startProxy(frames.url);
  const { channel, received, runtime } = consumer(proxy.url);
  await channel.start();
  send('a', 'b');
  const [first, second] = await received(2);
  proxy.cut();
  const [, , again] = await received(4);
  const stops = () => runtime.lines.filter(({ message }) => message === 'consuming stopped; starting again');
  expect(stops()).toMatchObject([{ fields: { err: { message: 'its connection was lost' } } }]);
  expect([first?.lease.alive, again?.lease.alive, again?.message.redelivered]).toEqual([false, true, true]);
  first?.ack();
  second?.requeue();
  await turn();
  await channel.verify();
  expect(again?.lease.alive).toBe(true);
  expect([acks(), frames.sent('client', METHOD.basicNack)]).toEqual([[], []]);
  await channel.close();
  expect(await queueState(peer, queue)).toEqual({ messages: 2, consumers: 0 });
  expect(stops()).toHaveLength(1);
});

it('declares and consumes its queue again when somebody deletes it', async () => {
  const { channel, received, lost, runtime } = consumer(frames.url);
  await channel.start();
  send('a');
  const [first] = await received(1);
  await peer.channel.deleteQueue(queue);
  const [warning] = await runtime.logged(({ message }) => message === 'consuming stopped; starting again');
  expect(warning?.fields).toMatchObject({ queue, err: { message: 'the consumer was cancelled by the broker' } });
  expect([first?.lease.alive, lost]).toEqual([false, [1]]);
  // Its queue is declared when it consumes.
  await frames.passed('client', METHOD.basicConsume, 2);
  send('b');
  const [, second] = await received(2);
  expect(bodyOf(second)).toBe('b');
});

it('comes back when the broker closes its channel for a double ack, and loses nothing', async () => {
  const { channel, received, runtime, lost } = consumer(frames.url);
  await channel.start();
  send('a', 'b');
  const [first] = await received(2);
  first?.ack();
  await turn();
  first?.ack();
  const [warning] = await runtime.logged(({ message }) => message === 'consuming stopped; starting again');
  expect(String(warning?.fields.err)).toMatch(/406.*PRECONDITION_FAILED.*unknown delivery tag/);
  const [, , again] = await received(3);
  expect([bodyOf(again), again?.message.redelivered]).toEqual(['b', true]);
  expect(lost).toEqual([2]);
});

it('verify tells of a lost channel before its end has been read', async () => {
  await using proxy = await startProxy(frames.url);
  const { channel, received } = consumer(proxy.url);
  await channel.verify();
  await channel.start();
  send('a');
  const [delivery] = await received(1);
  await channel.verify();
  expect(delivery?.lease.alive).toBe(true);
  proxy.cut();
  expect(delivery?.lease.alive).toBe(true);
  await channel.verify();
  expect(delivery?.lease.alive).toBe(false);
});

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
  // What was acked in this very turn goes out with the close.
  await Promise.all([channel.close(), channel.close()]);
  await channel.close();
  expect([second?.lease.alive, lost]).toEqual([false, [2]]);
  expect((await takeAll(peer, queue)).map(({ content }) => String(content))).toEqual(['b', 'c']);
});

it('flushes acks of the same turn before it closes', async () => {
  const { channel, received } = consumer(frames.url);
  await channel.start();
  send('a');
  const [only] = await received(1);
  only?.ack();
  await channel.close();
  expect(await queueState(peer, queue)).toEqual({ messages: 0, consumers: 0 });
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
