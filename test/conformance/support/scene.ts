/** What a conformance test declares: names of its own, and nothing left behind. */
import { randomUUID } from 'node:crypto';
import type { Channel, ConfirmChannel, Options } from 'amqplib';
import { brokerUrl, freshPrefix, openPeer, type Peer, takeAll } from '../../support/broker.js';
import { type Operation, refusalText } from './refusal-text.js';

/** A peer with names under a prefix of its own. `close` (or `await using`) deletes what was declared through it. */
export interface Scene extends Peer {
  /** A name that no other test has. */
  name(suffix: string): string;
  /** Declares a queue, by default exclusive; gives its name. `name` is a suffix. */
  queue(options?: QueueOptions): Promise<string>;
  /** Declares a transient exchange; gives its name. `name` is a suffix. */
  exchange(type: string, options?: ExchangeOptions): Promise<string>;
  /** As `refusalText`, on this connection or on one of its own; the text leaves out the scene's prefix. */
  refusal(operation: Operation, where?: 'elsewhere'): Promise<string>;
  /** Publishes bodies to a queue, in order. */
  send(queue: string, bodies: readonly string[], options?: Options.Publish): void;
  /** As `send`, and returns once the broker has confirmed them. */
  sendConfirmed(queue: string, bodies: readonly string[], options?: Options.Publish): Promise<void>;
  /** Takes all that is ready in a queue: the bodies, oldest first. */
  bodies(queue: string): Promise<string[]>;
}

/** Options of a queue; `name` is a suffix to the scene's prefix. */
export interface QueueOptions extends Options.AssertQueue {
  readonly name?: string;
}

/** Options of an exchange; `name` is a suffix to the scene's prefix. */
export interface ExchangeOptions extends Options.AssertExchange {
  readonly name?: string;
}

/** Opens a scene on the broker that the tests share. */
export async function openScene(): Promise<Scene> {
  const peer = await openPeer(brokerUrl());
  const { channel, connection } = peer;
  const prefix = freshPrefix();
  const cleanUps: (() => Promise<unknown>)[] = [];
  let confirming: Promise<ConfirmChannel> | undefined;
  const name = (suffix: string) => `${prefix}${suffix}`;
  const send: Scene['send'] = (queue, bodies, options) => {
    for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body), options);
  };

  const scene: Scene = {
    connection,
    channel,
    name,
    send,
    async queue({ name: suffix = randomUUID(), ...options } = {}) {
      const queue = name(suffix);
      const exclusive = options.exclusive ?? true;
      if (!exclusive) cleanUps.push(() => deleting(peer, (clean) => clean.deleteQueue(queue)));
      await channel.assertQueue(queue, { durable: !exclusive, ...options, exclusive });
      return queue;
    },
    async exchange(type, { name: suffix = randomUUID(), ...options } = {}) {
      const exchange = name(suffix);
      cleanUps.push(() => deleting(peer, (clean) => clean.deleteExchange(exchange)));
      await channel.assertExchange(exchange, type, { durable: false, ...options });
      return exchange;
    },
    async refusal(operation, where) {
      const text = await refusalText(operation, where === undefined ? connection : undefined);
      return text.replaceAll(prefix, '');
    },
    async sendConfirmed(queue, bodies, options) {
      confirming ??= connection.createConfirmChannel();
      const confirmed = await confirming;
      for (const body of bodies) confirmed.sendToQueue(queue, Buffer.from(body), options);
      await confirmed.waitForConfirms();
    },
    async bodies(queue) {
      return (await takeAll(peer, queue)).map(({ content }) => content.toString());
    },
    async close() {
      for (const cleanUp of cleanUps.splice(0)) await cleanUp().catch(() => {});
      await peer.close();
    },
    [Symbol.asyncDispose]: () => scene.close(),
  };
  return scene;
}

/** Runs a deletion on a channel of its own, since the test's may be closed by now. */
async function deleting({ connection }: Peer, operation: (channel: Channel) => Promise<unknown>): Promise<void> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  await operation(channel);
  await channel.close();
}
