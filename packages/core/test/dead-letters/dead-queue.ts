/** A queue of dead letters as a worker and its broker leave it, for tests that look at it and move what is in it. */
import type { Socket } from 'node:net';
import { type App, createApp, type Logger, type QueueType } from '@tq/core';
import { declare, internalsOf } from '@tq/core/internal';
import type { ConfirmChannel, Options } from 'amqplib';
import { brokerUrl, freshPrefix, openPeer, type Peer, queueState } from '../../../../test/support/broker.js';

export const QUEUE_TYPES = ['quorum', 'classic'] as const satisfies readonly QueueType[];

export const silentLogger: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

export interface DeadScene extends AsyncDisposable {
  readonly app: App;
  readonly peer: Peer;
  readonly prefix: string;
  /** Declares a task queue with its dead letters. */
  declare(queue?: string): Promise<void>;
  /** Leaves dead letters of these numbers; properties and headers beside those of a failed task. */
  bury(numbers: readonly number[], options?: Options.Publish & { readonly queue?: string }): Promise<void>;
  /** Resolves when so many messages are ready in a queue. */
  ready(queue: string, count: number): Promise<void>;
  /** Bodies of all that is in a queue, which is empty then. */
  drain(queue: string): Promise<string[]>;
}

export async function openDeadScene(type: QueueType): Promise<DeadScene> {
  const prefix = freshPrefix();
  const app = createApp({ url: brokerUrl(), prefix, queueType: type, logger: silentLogger });
  const peer = await openPeer();
  const confirming = await peer.connection.createConfirmChannel();
  return {
    app,
    peer,
    prefix,
    declare: async (queue = 'tq') => {
      const { model } = await internalsOf(app).broker().consuming.whenOpen();
      await declare(model, internalsOf(app).topologyOf(prefix + queue));
    },
    bury: (numbers, options) => bury(confirming, prefix, numbers, options),
    ready: async (queue, count) => {
      while ((await queueState(peer, prefix + queue))?.messages !== count);
    },
    drain: async (queue) => {
      const channel = await peer.connection.createChannel();
      const bodies: string[] = [];
      for (;;) {
        const message = await channel.get(prefix + queue, { noAck: true });
        if (message === false) break;
        bodies.push(message.content.toString());
      }
      await channel.close();
      return bodies;
    },
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await peer.close();
    },
  };
}

async function bury(
  channel: ConfirmChannel,
  prefix: string,
  numbers: readonly number[],
  { queue = 'tq', headers, ...options }: Options.Publish & { readonly queue?: string } = {},
): Promise<void> {
  for (const number of numbers) {
    channel.publish(`${prefix}tq.dead`, prefix + queue, Buffer.from(`[[${number}],{},{}]`), {
      persistent: true,
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: {
        ...{ task: 'work', id: `id-${number}`, 'tq-dead-reason': 'failed', 'tq-dead-error': 'Error: broken' },
        ...{ 'tq-dead-worker': 'w1', 'tq-dead-time': '2026-01-01T00:00:00.000Z' },
        ...headers,
      },
      ...options,
    });
  }
  await channel.waitForConfirms();
}

/** Ends a peer's connection as the end of its process would. */
export function cutOff(peer: Peer): void {
  (peer.connection.connection as unknown as { readonly stream: Socket }).stream.destroy();
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
