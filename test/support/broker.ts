/**
 * The broker that the tests of a project share, and the few raw AMQP moves of a test that acts as a foreign peer. Raw means amqplib
 * alone: what a peer sees must not depend on tq's own code.
 */
import { type Channel, type ChannelModel, type ConsumeMessage, connect, type GetMessage } from 'amqplib';
import { inject } from 'vitest';
import type { SharedBroker } from './shared-broker.js';

let prefixes = 0;

/**
 * The broker that the tests share: the embedded one in project `embedded`, the one of `TQ_TEST_AMQP_URL` in `rabbitmq`.
 * @throws in a file that runs in no such project, with what to do
 */
export function sharedBroker(): SharedBroker {
  const broker = inject('sharedBroker');
  if (broker !== undefined) return broker;
  throw new Error('expected a test that runs on a broker, found one of project unit: name its file *.broker.test.ts');
}

/** The URL of the broker that the tests share. */
export function brokerUrl(): string {
  return sharedBroker().url;
}

/**
 * A prefix for every name that a test declares, so that tests share a virtual host. It starts with the run's own name, and
 * when the run ends, whatever bears that name is deleted (`rabbitmq-setup.ts`).
 */
export function freshPrefix(): string {
  prefixes += 1;
  return `${sharedBroker().run}-${process.pid}-${prefixes}.`;
}

/** A foreign peer: a connection and a channel of its own. `close` (or `await using`) ends both. */
export interface Peer extends AsyncDisposable {
  readonly connection: ChannelModel;
  readonly channel: Channel;
  close(): Promise<void>;
}

/** Connects a foreign peer to the URL, by default to the shared broker. */
export async function openPeer(url: string = brokerUrl()): Promise<Peer> {
  const connection = await connect(url, { noDelay: true, timeout: 10_000 });
  // Losing the connection is a test's subject now and then; what the peer then does fails with a text of its own.
  connection.on('error', () => {});
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= connection.close().catch(() => {});
    return closing;
  };
  return { connection, channel, close, [Symbol.asyncDispose]: close };
}

/** What a queue holds now; `undefined` when there is no such queue. Messages are those ready for delivery. */
export async function queueState(
  { connection }: Peer,
  queue: string,
): Promise<{ readonly messages: number; readonly consumers: number } | undefined> {
  // A throwaway channel, since looking for a queue that does not exist closes it.
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  try {
    const { messageCount, consumerCount } = await channel.checkQueue(queue);
    await channel.close();
    return { messages: messageCount, consumers: consumerCount };
  } catch (error) {
    if ((error as { code?: unknown }).code === 404) return undefined;
    throw error;
  }
}

/** Takes one message from a queue and acknowledges it; `undefined` when the queue is empty. */
export async function takeOne({ channel }: Peer, queue: string): Promise<GetMessage | undefined> {
  const message = await channel.get(queue);
  if (message === false) return undefined;
  channel.ack(message);
  return message;
}

/** Takes all that is ready in a queue, oldest first. */
export async function takeAll(peer: Peer, queue: string): Promise<GetMessage[]> {
  const messages: GetMessage[] = [];
  for (let one = await takeOne(peer, queue); one; one = await takeOne(peer, queue)) messages.push(one);
  return messages;
}

/**
 * Resolves with the next `count` messages of a queue, acknowledged, oldest first: it waits by consuming, not by polling.
 * The test's own time limit ends a wait for messages that never come.
 */
export async function receive({ connection }: Peer, queue: string, count: number): Promise<ConsumeMessage[]> {
  const channel = await connection.createChannel();
  await channel.prefetch(1);
  const messages: ConsumeMessage[] = [];
  let consumerTag = '';
  await new Promise<void>((resolve, reject) => {
    const onMessage = (message: ConsumeMessage | null) => {
      if (message === null) return reject(new Error(`expected ${count} messages in ${queue}, found the queue deleted`));
      messages.push(message);
      // The last one is acknowledged after the cancel: until then prefetch 1 keeps the next message in the queue.
      if (messages.length === count) resolve();
      else channel.ack(message);
    };
    channel.on('error', reject);
    channel.once('close', () => reject(new Error(`expected ${count} messages in ${queue}, found the channel closed`)));
    channel.consume(queue, onMessage).then((consumer) => {
      consumerTag = consumer.consumerTag;
    }, reject);
  });
  await channel.cancel(consumerTag);
  const last = messages.at(-1);
  if (last) channel.ack(last);
  await channel.close();
  return messages;
}
