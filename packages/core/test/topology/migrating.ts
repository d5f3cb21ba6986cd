/** A queue as one configuration declares it, and an app that wants it another way. */
import { type App, createApp, type KnownBinding, type QueueType } from '@tq/core';
import { declare, internalsOf } from '@tq/core/internal';
import type { ConfirmChannel, GetMessage, Options } from 'amqplib';
import { brokerUrl, freshPrefix, openPeer, type Peer, queueState } from '../../../../test/support/broker.js';
import { silentLogger, upTo } from '../dead-letters/dead-queue.js';

export const WAYS = [
  ['classic', 'quorum'],
  ['quorum', 'classic'],
] as const satisfies readonly (readonly [QueueType, QueueType])[];

/** Nobody publishes or consumes in these tests but where they say so. */
export const AT_ONCE = { settle: 0, quiet: 0 };

export interface MigratingScene extends AsyncDisposable {
  readonly prefix: string;
  /** Full name. */
  readonly queue: string;
  readonly peer: Peer;
  readonly confirming: ConfirmChannel;
  /** Wants the queue as it was first, and as it is to be. */
  readonly before: App;
  readonly after: App;
  /** Publishes numbers straight to the queue. */
  fill(numbers: readonly number[], options?: Options.Publish): Promise<void>;
  /** Numbers that are in the queue, which is empty then. */
  drain(queue?: string): Promise<number[]>;
  /** Resolves to the name of the argument in which the queue differs from what an app declares. */
  differenceFrom(app: App): Promise<unknown>;
  /** Names of what stands around a queue while it is migrated that are there. */
  leftovers(): Promise<string[]>;
}

export async function openMigratingScene(from: QueueType, to: QueueType): Promise<MigratingScene> {
  const prefix = freshPrefix();
  const queue = `${prefix}tq`;
  const [before, after] = [from, to].map((queueType) =>
    createApp({ url: brokerUrl(), prefix, queueType, logger: silentLogger }),
  ) as [App, App];
  await declareAs(before, queue);
  const peer = await openPeer();
  const confirming = await peer.connection.createConfirmChannel();
  return {
    ...{ prefix, queue, before, after, peer, confirming },
    fill: async (numbers, options) => {
      for (const number of numbers) confirming.publish('', queue, Buffer.from(String(number)), options);
      await confirming.waitForConfirms();
    },
    drain: async (name = queue) => (await takeNow(peer, name)).map(({ content }) => Number(content)),
    differenceFrom: (app) => differenceFrom(app, queue),
    leftovers: () => leftoversOf(peer, queue),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([before.close(), after.close()]);
      await peer.close();
    },
  };
}

export { upTo };

/** As the management API would tell of it. */
export function bindingTo(queue: string, exchange: string, routingKey: string): KnownBinding {
  return { source: exchange, destination: queue, destinationType: 'queue', routingKey, arguments: {} };
}

/** Declares a queue with all around it as an app has it. */
export async function declareAs(app: App, queue: string): Promise<void> {
  const { broker, topologyOf } = bound(app);
  const release = broker.consuming.hold();
  const { model } = await broker.consuming.whenOpen();
  await declare(model, topologyOf(queue)).finally(release);
}

function bound(app: App) {
  const internals = internalsOf(app);
  return { broker: internals.broker(), topologyOf: (queue: string) => internals.topologyOf(queue) };
}

async function differenceFrom(app: App, queue: string): Promise<unknown> {
  return declareAs(app, queue).then(
    () => undefined,
    (error: { fields?: { argument?: unknown } }) => error.fields?.argument,
  );
}

/** All that is ready, by a channel of its own. */
export async function takeNow({ connection }: Peer, queue: string): Promise<GetMessage[]> {
  const channel = await connection.createChannel();
  const messages: GetMessage[] = [];
  for (;;) {
    const message = await channel.get(queue, { noAck: true });
    if (message === false) break;
    messages.push(message);
  }
  await channel.close();
  return messages;
}

async function leftoversOf(peer: Peer, queue: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of [`${queue}.migrating`, `${queue}.migrating.probe`]) {
    if ((await queueState(peer, name)) !== undefined) found.push(name);
  }
  for (const name of [`${queue}.migrating`, `${queue}.migrating.via`]) {
    const channel = await peer.connection.createChannel();
    channel.on('error', () => {});
    await channel.checkExchange(name).then(
      () => found.push(`exchange ${name}`),
      () => undefined,
    );
  }
  return found;
}
