import type { Socket } from 'node:net';
import type { Channel, ChannelModel, ConfirmChannel, Options } from 'amqplib';
import type { Headers, OutboundMessage, Properties } from '../protocol/message.js';

/**
 * The one file that touches what amqplib does not export: its socket, the two heartbeat timers, and what its `publish`
 * ends in. Written for amqplib 2.3.1; where a later version lacks a part, amqplib's own way is taken.
 */
interface Internals {
  readonly stream?: Partial<Pick<Socket, 'ref' | 'unref' | 'destroy' | 'cork' | 'uncork'>> & {
    write?: (bytes: Uint8Array) => boolean;
  };
  readonly heartbeater?: { readonly sendTimer?: NodeJS.Timeout; readonly recvTimer?: NodeJS.Timeout } | null;
}

/** Makes an open connection keep the process alive, or not. */
export function setKeepsAlive(model: ChannelModel, keepsAlive: boolean): void {
  const { stream, heartbeater } = model.connection as Internals;
  const change = keepsAlive ? 'ref' : 'unref';
  stream?.[change]?.();
  heartbeater?.sendTimer?.[change]();
  heartbeater?.recvTimer?.[change]();
}

/** Cuts a connection whose other side does not answer any more. Without an error amqplib would not notice its end. */
export function cut(model: ChannelModel): void {
  (model.connection as Internals).stream?.destroy?.(new Error('The broker did not answer connection.close in time.'));
}

/**
 * Hands what is written in one turn to the system at once: amqplib writes every message and every ack by itself, which
 * is a system call each and costs more than all the rest of a publish.
 */
export function writeTurnsTogether(model: ChannelModel): void {
  const { stream } = model.connection as Internals;
  const write = stream?.write;
  if (stream === undefined || write === undefined) return;
  let corked = false;
  const uncork = () => {
    corked = false;
    stream.uncork?.();
  };
  stream.write = (bytes) => {
    if (!corked) {
      corked = true;
      stream.cork?.();
      process.nextTick(uncork);
    }
    return write.call(stream, bytes);
  };
}

/** What amqplib's own `publish` ends in. */
interface PublishInternals {
  sendMessage?(fields: object, properties: Properties, body: Buffer): boolean;
  pushConfirmCallback?(onConfirm: OnConfirm): void;
}

/** Fields of basic.publish (AMQP 0-9-1). */
interface PublishFields {
  readonly exchange: string;
  readonly routingKey: string;
  /** The broker sends it back when no queue takes it. */
  readonly mandatory: boolean;
}

type OnConfirm = (error: Error | null) => void;

/**
 * Publishes a message as `channel.publish` does, without the inheriting copy of the headers that it makes for
 * CC and BCC: two hidden classes a message, which cost a fifth of a publish.
 * @returns false when the channel's buffer is full
 */
export function publishConfirmed(
  channel: ConfirmChannel,
  { exchange, routingKey, mandatory }: PublishFields,
  { properties, body }: OutboundMessage,
  onConfirm: OnConfirm,
): boolean {
  const own = channel as unknown as PublishInternals;
  if (own.sendMessage === undefined || own.pushConfirmCallback === undefined) {
    const options = { ...properties, mandatory } as Options.Publish;
    return channel.publish(exchange, routingKey, body, options, onConfirm);
  }
  const withHeaders = properties.headers === undefined ? { ...properties, headers: {} } : properties;
  const accepted = own.sendMessage({ exchange, routingKey, mandatory }, withHeaders, body);
  own.pushConfirmCallback(onConfirm);
  return accepted;
}

/** What a channel's calls end in, for methods that amqplib has none for. */
interface RpcInternals {
  rpc(method: number, fields: object, reply: number): Promise<unknown>;
  sendImmediately(method: number, fields: object): void;
}

/** Class tx of AMQP 0-9-1, in the upper half of a method's number as amqplib writes it. */
const TX = 90 << 16;

/** Makes a channel's publishes and acks happen with its commits, all of one or none (AMQP tx.select). */
export async function selectTransactions(channel: Channel): Promise<void> {
  await (channel as unknown as RpcInternals).rpc(TX | 10, {}, TX | 11);
}

/** Makes happen what was published and acked since the last time (AMQP tx.commit). */
export async function commit(channel: Channel): Promise<void> {
  await (channel as unknown as RpcInternals).rpc(TX | 20, {}, TX | 21);
}

/** Methods of classes queue and exchange, written as those of class tx. */
const QUEUE_DECLARE = (50 << 16) | 10;
const QUEUE_BIND = (50 << 16) | 20;
const QUEUE_DELETE = (50 << 16) | 40;

function send(channel: Channel, method: number, fields: object): void {
  (channel as unknown as RpcInternals).sendImmediately(method, { ...fields, nowait: true });
}

/**
 * Has the broker close the channel with 404, what waits for its commit undone, unless there is such a queue. Asks for no
 * answer, so that it goes with what is written before and after it.
 */
export function requireQueue(channel: Channel, queue: string): void {
  send(channel, QUEUE_DECLARE, { queue, passive: true, durable: true });
}

/** Deletes a queue under conditions and asks for no answer: where they do not hold, the broker closes the channel. */
export function deleteQueueUnasked(
  channel: Channel,
  queue: string,
  conditions: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
): void {
  send(channel, QUEUE_DELETE, { queue, ...conditions });
}

/** Declares a queue and asks for no answer: where one exists with other properties, the broker closes the channel. */
export function declareQueueUnasked(
  channel: Channel,
  queue: string,
  options: { readonly durable: boolean; readonly autoDelete: boolean; readonly arguments: Headers },
): void {
  send(channel, QUEUE_DECLARE, { queue, ...options });
}

/** Binds a queue and asks for no answer: without an exchange of this name the broker closes the channel. */
export function bindQueueUnasked(channel: Channel, queue: string, route: PublishRoute, own: Headers): void {
  const { exchange, routingKey } = route;
  send(channel, QUEUE_BIND, { queue, exchange, routingKey, arguments: own });
}

interface PublishRoute {
  readonly exchange: string;
  readonly routingKey: string;
}
