/** The handshake by bytes, whole or step by step. Source: AMQP 0-9-1 section 2.2.4. */
import { brokerUrl } from '../../support/broker.js';
import { bits, entry, long, longstr, short, shortstr, table } from './fields.js';
import { method } from './frames.js';
import { RawConnection } from './raw-connection.js';

/** What a client opens a connection with. */
export const PROTOCOL_HEADER: Buffer = Buffer.from('AMQP\0\0\x09\x01', 'latin1');

/** What the broker proposes in connection.tune, or a client answers. */
export interface Tuning {
  readonly channelMax: number;
  /** Bytes of the largest frame, end included. */
  readonly frameMax: number;
  /** Seconds; 0 for none. */
  readonly heartbeat: number;
}

/** The limits that a broker of default settings proposes, but without heartbeats. */
export const DEFAULT_TUNING: Tuning = { channelMax: 2047, frameMax: 131_072, heartbeat: 0 };

/** The user of the broker's URL. */
export function brokerUser(): string {
  return decodeURIComponent(new URL(brokerUrl()).username || 'guest');
}

/** The virtual host of the broker's URL. */
export function brokerVhost(): string {
  const { pathname } = new URL(brokerUrl());
  return pathname.length < 2 ? '/' : decodeURIComponent(pathname.slice(1));
}

function brokerPassword(): string {
  return decodeURIComponent(new URL(brokerUrl()).password || 'guest');
}

/** connection.start-ok. By default it carries the URL's user and announces no capabilities. */
export function startOk({
  mechanism = 'PLAIN',
  response = plainResponse(),
  properties = table(),
  locale = 'en_US',
}: {
  mechanism?: string;
  response?: Buffer;
  properties?: Buffer;
  locale?: string;
} = {}): Buffer {
  return method(0, 'connection.start-ok', properties, shortstr(mechanism), longstr(response), shortstr(locale));
}

/** The SASL PLAIN response of the URL's user, or of another. */
export function plainResponse(user = brokerUser(), password = brokerPassword()): Buffer {
  return Buffer.from(`\0${user}\0${password}`);
}

/** Client properties that announce these capabilities. */
export function capabilities(...names: string[]): Buffer {
  return table(entry('capabilities', 'F', table(...names.map((name) => entry(name, 't', Buffer.of(1))))));
}

/** connection.tune-ok. */
export function tuneOk(tuning: Partial<Tuning> = {}): Buffer {
  const { channelMax, frameMax, heartbeat } = { ...DEFAULT_TUNING, ...tuning };
  return method(0, 'connection.tune-ok', short(channelMax), long(frameMax), short(heartbeat));
}

/** connection.open for the URL's virtual host, or another. */
export function open(vhost: string = brokerVhost(), insist = false): Buffer {
  return method(0, 'connection.open', shortstr(vhost), shortstr(''), bits(insist));
}

/** A connection that has got connection.start. */
export async function dialStarted(): Promise<RawConnection> {
  const connection = await RawConnection.dial();
  connection.write(PROTOCOL_HEADER);
  await connection.expect('connection.start');
  return connection;
}

/** A connection that has logged in and got connection.tune. */
export async function dialTuning(properties?: Buffer): Promise<RawConnection> {
  const connection = await dialStarted();
  connection.write(properties === undefined ? startOk() : startOk({ properties }));
  await connection.expect('connection.tune');
  return connection;
}

/** An open connection. */
export async function openRaw(tuning: Partial<Tuning> = {}, properties?: Buffer): Promise<RawConnection> {
  const connection = await dialTuning(properties);
  connection.write(tuneOk(tuning), open());
  await connection.expect('connection.open-ok');
  return connection;
}

/** An open connection with channel 1 open. */
export async function openRawChannel(tuning: Partial<Tuning> = {}, properties?: Buffer): Promise<RawConnection> {
  const connection = await openRaw(tuning, properties);
  connection.write(method(1, 'channel.open', shortstr('')));
  await connection.expect('channel.open-ok', 1);
  return connection;
}
