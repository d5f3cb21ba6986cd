/** Consumers of one queue, which each test gets anew. */
import { afterEach, beforeEach } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, type Peer } from '../../../../test/support/broker.js';
import { Connection } from '../../src/broker/connection.js';
import { ConsumeChannel, type ConsumeChannelOptions } from '../../src/broker/consume-channel.js';
import type { Delivery } from '../../src/broker/consume-session.js';
import { type TestRuntime, testRuntime } from '../test-runtime.js';
import { type FrameProxy, METHOD, startFrameProxy } from './frame-proxy.js';

/** A foreign peer, for what somebody else does to the queue. */
export let peer: Peer;
/** Before the broker: what the consumers say to it. */
export let frames: FrameProxy;
/** A queue of each test's own. */
export let queue: string;
const ends: (() => Promise<void>)[] = [];

/** Gives each test of a file its queue, peer and proxy, and ends its consumers. */
export function useOneQueue(): void {
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
}

/** A consumer and what it was told; it ends with its test. */
export interface Consumer {
  readonly channel: ConsumeChannel;
  readonly deliveries: Delivery[];
  readonly runtime: TestRuntime;
  /** How many deliveries there had been whenever a channel was lost. */
  readonly lost: number[];
  /** Resolves with the first `count` deliveries, past or to come. */
  received(count: number): Promise<Delivery[]>;
}

/** Makes a consumer of the test's queue; nothing happens before its `start`. */
export function consumer(url: string, more: Partial<ConsumeChannelOptions> = {}): Consumer {
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

/** Puts messages into the queue. */
export function send(...bodies: string[]): void {
  for (const body of bodies) peer.channel.sendToQueue(queue, Buffer.from(body), { persistent: true });
}

export const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index + 1}`);
export const bodyOf = (delivery: Delivery | undefined) => String(delivery?.message.body);
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The acks on the wire: tag, and whether it stands for all before it. */
export function acks(): { tag: number; multiple: boolean }[] {
  return frames
    .sent('client', METHOD.basicAck)
    .map(({ rest }) => ({ tag: Number(rest.readBigUInt64BE(0)), multiple: rest.readUInt8(8) === 1 }));
}
