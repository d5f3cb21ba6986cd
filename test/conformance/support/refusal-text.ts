/**
 * How a broker refuses: with a close of the channel or of the connection that carries a code, a text and the method at
 * fault. amqplib gives only parts of that, so the close is read where amqplib reads its frames.
 */
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { brokerUrl } from '../../support/broker.js';

const CONNECTION_CLOSE = (10 << 16) | 50;
const CHANNEL_CLOSE = (20 << 16) | 40;

/** AMQP 0-9-1 method names by class and method id, for those that tests see refused. */
const METHODS: Readonly<Record<string, string>> = {
  '20.20': 'channel.flow',
  '40.10': 'exchange.declare',
  '40.20': 'exchange.delete',
  '40.30': 'exchange.bind',
  '40.40': 'exchange.unbind',
  '50.10': 'queue.declare',
  '50.20': 'queue.bind',
  '50.30': 'queue.purge',
  '50.40': 'queue.delete',
  '50.50': 'queue.unbind',
  '60.10': 'basic.qos',
  '60.20': 'basic.consume',
  '60.30': 'basic.cancel',
  '60.40': 'basic.publish',
  '60.70': 'basic.get',
  '60.80': 'basic.ack',
  '60.90': 'basic.reject',
  '60.100': 'basic.recover-async',
  '60.110': 'basic.recover',
  '60.120': 'basic.nack',
  '85.10': 'confirm.select',
  '90.10': 'tx.select',
  '90.20': 'tx.commit',
  '90.30': 'tx.rollback',
};

interface Frame {
  readonly id?: number;
  readonly channel?: number;
  readonly fields: { replyCode: number; replyText: string; classId: number; methodId: number };
}

/** The part of amqplib's inner connection that sees every incoming frame. */
interface FrameReader {
  accept(frame: Frame): void;
}

/** What an operation does to a channel of its own. */
export type Operation = (channel: Channel, connection: ChannelModel) => unknown;

/**
 * Runs an operation on a throwaway channel and says how the broker refused it, as in
 * `channel 404 queue.declare: NOT_FOUND - no queue 'x' in vhost '/'`: what was closed, reply code, method at fault, reply
 * text. `accepted` when the channel still answers after the operation. The connection is the given one, which a refusal
 * of the harder kind closes, or else one of its own.
 */
export async function refusalText(operation: Operation, connection?: ChannelModel): Promise<string> {
  if (connection !== undefined) return await refusalOn(connection, operation);
  const own = await connect(brokerUrl(), { noDelay: true, timeout: 10_000 });
  own.on('error', () => {});
  try {
    return await refusalOn(own, operation);
  } finally {
    await own.close().catch(() => {});
  }
}

async function refusalOn(connection: ChannelModel, operation: Operation): Promise<string> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  const closed = closeOf(connection, (channel as unknown as { ch: number }).ch);
  try {
    await operation(channel, connection);
    // Methods without a reply are refused some time after they are sent, but before the reply to what follows them.
    await channel.checkExchange('amq.direct');
  } catch (error) {
    const found = closed.text();
    if (found === undefined) throw error;
    return found;
  } finally {
    closed.forget();
  }
  await channel.close();
  return 'accepted';
}

/** Watches for the close of a channel, or of its connection. */
function closeOf(connection: ChannelModel, number: number): { text(): string | undefined; forget(): void } {
  const reader = connection.connection as unknown as FrameReader;
  const before = reader.accept;
  let text: string | undefined;
  const watching = function (this: FrameReader, frame: Frame): void {
    if (frame.id === CONNECTION_CLOSE) text ??= describe('connection', frame);
    if (frame.id === CHANNEL_CLOSE && frame.channel === number) text ??= describe('channel', frame);
    before.call(this, frame);
  };
  reader.accept = watching;
  const forget = () => {
    // A closed connection has put another reader in place, which stays.
    if (reader.accept === watching) reader.accept = before;
  };
  return { text: () => text, forget };
}

function describe(closes: 'channel' | 'connection', { fields }: Frame): string {
  const { replyCode, replyText, classId, methodId } = fields;
  const ids = `${classId}.${methodId}`;
  return `${closes} ${replyCode} ${METHODS[ids] ?? ids}: ${replyText}`;
}
