/** AMQP methods, and fields of methods, that amqplib has no function for; sent with its own encoder. */
import type { Channel, ConsumeMessage } from 'amqplib';

const CHANNEL = 20 << 16;
const EXCHANGE = 40 << 16;
const QUEUE = 50 << 16;
const BASIC = 60 << 16;
const CONFIRM = 85 << 16;
const TX = 90 << 16;

type Fields = Readonly<Record<string, unknown>>;

/** amqplib's channel with the parts that it keeps to itself. */
interface InnerChannel {
  rpc(method: number, fields: Fields, reply: number): Promise<Record<string, unknown>>;
  sendImmediately(method: number, fields: Fields): void;
  registerConsumer(consumerTag: string, onMessage: (message: ConsumeMessage | null) => void): void;
  sendMessage(fields: Fields, properties: Fields, content: Buffer): boolean;
}

const inner = (channel: Channel) => channel as unknown as InnerChannel;

/** Makes a channel transactional: `tx.select`. */
export async function txSelect(channel: Channel): Promise<void> {
  await inner(channel).rpc(TX | 10, {}, TX | 11);
}

/** Makes what the transaction holds happen: `tx.commit`. */
export async function txCommit(channel: Channel): Promise<void> {
  await inner(channel).rpc(TX | 20, {}, TX | 21);
}

/** Forgets what the transaction holds: `tx.rollback`. */
export async function txRollback(channel: Channel): Promise<void> {
  await inner(channel).rpc(TX | 30, {}, TX | 31);
}

/** Asks for confirms on any channel, and as often as called: `confirm.select`. */
export async function confirmSelect(channel: Channel): Promise<void> {
  await inner(channel).rpc(CONFIRM | 10, { nowait: false }, CONFIRM | 11);
}

/** `basic.recover` with a choice of requeueing. */
export async function recover(channel: Channel, requeue: boolean): Promise<void> {
  await inner(channel).rpc(BASIC | 110, { requeue }, BASIC | 111);
}

/** `basic.recover-async`, which has no reply. */
export function recoverAsync(channel: Channel, requeue: boolean): void {
  inner(channel).sendImmediately(BASIC | 100, { requeue });
}

/** `basic.qos` with a window in bytes. */
export async function qosOfBytes(channel: Channel, prefetchSize: number): Promise<void> {
  await inner(channel).rpc(BASIC | 10, { prefetchSize, prefetchCount: 0, global: false }, BASIC | 11);
}

/** `channel.flow`; answers with what the broker's reply says. */
export async function flow(channel: Channel, active: boolean): Promise<unknown> {
  return (await inner(channel).rpc(CHANNEL | 20, { active }, CHANNEL | 21)).active;
}

/** `basic.consume` without a reply: the consumer's tag is the caller's. */
export function consumeNowait(
  channel: Channel,
  queue: string,
  consumerTag: string,
  onMessage: (message: ConsumeMessage | null) => void,
): void {
  inner(channel).registerConsumer(consumerTag, onMessage);
  inner(channel).sendImmediately(BASIC | 20, { queue, consumerTag, nowait: true, arguments: {} });
}

/** `basic.cancel` without a reply. */
export function cancelNowait(channel: Channel, consumerTag: string): void {
  inner(channel).sendImmediately(BASIC | 30, { consumerTag, nowait: true });
}

/** An ack for a delivery tag that need not exist. */
export function ackTag(channel: Channel, deliveryTag: number, multiple = false): void {
  inner(channel).sendImmediately(BASIC | 80, { deliveryTag, multiple });
}

/** A nack for a delivery tag that need not exist; without requeueing. */
export function nackTag(channel: Channel, deliveryTag: number, multiple = false): void {
  inner(channel).sendImmediately(BASIC | 120, { deliveryTag, multiple, requeue: false });
}

/** A reject for a delivery tag that need not exist; without requeueing. */
export function rejectTag(channel: Channel, deliveryTag: number): void {
  inner(channel).sendImmediately(BASIC | 90, { deliveryTag, requeue: false });
}

/** A publish to a queue with the `immediate` flag. */
export function publishImmediate(channel: Channel, queue: string): void {
  inner(channel).sendMessage({ exchange: '', routingKey: queue, immediate: true }, { headers: {} }, Buffer.from('x'));
}

/** `queue.declare` with fields of the caller's, by default those of a transient queue with a reply. */
export async function declareQueue(channel: Channel, fields: Fields): Promise<Record<string, unknown>> {
  return await inner(channel).rpc(QUEUE | 10, { ...QUEUE_FIELDS, ...fields }, QUEUE | 11);
}

/** `queue.declare` without a reply. */
export function declareQueueNowait(channel: Channel, fields: Fields): void {
  inner(channel).sendImmediately(QUEUE | 10, { ...QUEUE_FIELDS, ...fields, nowait: true });
}

/** `queue.bind` without a reply. */
export function bindQueueNowait(channel: Channel, queue: string, exchange: string, routingKey: string): void {
  inner(channel).sendImmediately(QUEUE | 20, { queue, exchange, routingKey, arguments: {}, nowait: true });
}

/** `queue.purge` without a reply. */
export function purgeQueueNowait(channel: Channel, queue: string): void {
  inner(channel).sendImmediately(QUEUE | 30, { queue, nowait: true });
}

/** `queue.delete` without a reply. */
export function deleteQueueNowait(channel: Channel, queue: string): void {
  inner(channel).sendImmediately(QUEUE | 40, { queue, ifUnused: false, ifEmpty: false, nowait: true });
}

/** `exchange.declare` with fields of the caller's, by default those of a transient exchange with a reply. */
export async function declareExchange(channel: Channel, fields: Fields): Promise<void> {
  await inner(channel).rpc(EXCHANGE | 10, { ...EXCHANGE_FIELDS, ...fields }, EXCHANGE | 11);
}

/** `exchange.declare` without a reply. */
export function declareExchangeNowait(channel: Channel, fields: Fields): void {
  inner(channel).sendImmediately(EXCHANGE | 10, { ...EXCHANGE_FIELDS, ...fields, nowait: true });
}

/** `exchange.delete` without a reply. */
export function deleteExchangeNowait(channel: Channel, exchange: string): void {
  inner(channel).sendImmediately(EXCHANGE | 20, { exchange, ifUnused: false, nowait: true });
}

const QUEUE_FIELDS = {
  queue: '',
  passive: false,
  durable: false,
  exclusive: false,
  autoDelete: false,
  nowait: false,
  arguments: {},
};

const EXCHANGE_FIELDS = {
  exchange: '',
  type: 'direct',
  passive: false,
  durable: false,
  autoDelete: false,
  internal: false,
  nowait: false,
  arguments: {},
};
