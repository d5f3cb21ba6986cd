/**
 * The properties of a message as they lie on the wire (AMQP 0-9-1 section 4.2.6.1): two octets of flags, then those
 * properties whose flags are set. They stay bytes; what is asked for is looked up in them.
 */
import { AmqpError } from '../errors.js';
import { ByteReader, TruncatedError } from './byte-reader.js';
import { checkTable } from './field-table.js';

/** The flags of the properties, in the order of the properties. The two lowest bits mean nothing to RabbitMQ. */
export const PROPERTY = {
  contentType: 0x8000,
  contentEncoding: 0x4000,
  headers: 0x2000,
  deliveryMode: 0x1000,
  priority: 0x0800,
  correlationId: 0x0400,
  replyTo: 0x0200,
  expiration: 0x0100,
  messageId: 0x0080,
  timestamp: 0x0040,
  type: 0x0020,
  userId: 0x0010,
  appId: 0x0008,
  clusterId: 0x0004,
} as const;

const FLAGS: readonly number[] = Object.values(PROPERTY);
const FLAGS_SIZE = 2;

/**
 * Makes sure that every property ends where it should. The other functions rely on that.
 * @throws AmqpError INTERNAL_ERROR without a text, which is all that RabbitMQ says
 */
export function checkProperties(bytes: Buffer): void {
  try {
    const reader = new ByteReader(bytes);
    const flags = reader.short();
    for (const flag of FLAGS) if ((flags & flag) !== 0) checkProperty(reader, flag);
    if (reader.remaining === 0) return;
  } catch (error) {
    if (!(error instanceof TruncatedError || error instanceof AmqpError)) throw error;
  }
  throw new AmqpError('INTERNAL_ERROR', '');
}

/** Where the value of a property begins, or -1 when there is none. */
export function findProperty(bytes: Buffer, flag: number): number {
  const flags = flagsOf(bytes);
  if ((flags & flag) === 0) return -1;
  let at = FLAGS_SIZE;
  for (let before = PROPERTY.contentType as number; before !== flag; before >>= 1) {
    if ((flags & before) !== 0) at += sizeOf(bytes, at, before);
  }
  return at;
}

/**
 * The properties with other values, or without those that are undefined; the rest stays byte for byte.
 * @param changes encoded values by flags
 * @returns the pieces in order
 */
export function changeProperties(bytes: Buffer, changes: ReadonlyMap<number, Buffer | undefined>): Buffer[] {
  const flags = flagsOf(bytes);
  let newFlags = 0;
  let at = FLAGS_SIZE;
  const pieces: Buffer[] = [];
  for (const flag of FLAGS) {
    const size = (flags & flag) === 0 ? 0 : sizeOf(bytes, at, flag);
    const value = changes.has(flag) ? changes.get(flag) : size > 0 ? bytes.subarray(at, at + size) : undefined;
    at += size;
    if (value === undefined) continue;
    newFlags |= flag;
    pieces.push(value);
  }
  return [Buffer.from([newFlags >> 8, newFlags]), ...pieces];
}

function flagsOf(bytes: Buffer): number {
  return (bytes[0]! << 8) | bytes[1]!;
}

/** Keeps to the same sizes as `sizeOf`. */
function checkProperty(reader: ByteReader, flag: number): void {
  if (flag === PROPERTY.headers) checkTable(reader);
  else if (flag === PROPERTY.deliveryMode || flag === PROPERTY.priority) reader.skip(1);
  else if (flag === PROPERTY.timestamp) reader.skip(8);
  else reader.skip(reader.octet());
}

/** How many bytes the value of a property takes. */
function sizeOf(bytes: Buffer, at: number, flag: number): number {
  if (flag === PROPERTY.headers) return 4 + bytes.readUInt32BE(at);
  if (flag === PROPERTY.deliveryMode || flag === PROPERTY.priority) return 1;
  if (flag === PROPERTY.timestamp) return 8;
  return 1 + bytes[at]!;
}
