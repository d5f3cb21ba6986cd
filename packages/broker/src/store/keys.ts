/**
 * The keys of the store's rows: a byte for the kind, then numbers with the high byte first, so that rows sort by kind,
 * and by queue or position. The layout, with the values beside it:
 *
 * - `00` the store itself: `00` the format's version (u32), `01` the next queue id (u32)
 * - `01` an exchange, `02` a binding: SHA-256 of what identifies it; the value is `definition-codec`'s
 * - `03` a queue, its id (u32): its definition
 * - `04` a queue whose purge is being carried out, its id (u32): the position (u64) up to which its messages are gone
 * - `05` a queue that had deliveries, its id (u32), a priority (u8): the highest delivered position (u64)
 * - `06` a message, its position (u64): the value is `message-record`'s
 * - `07` a message that could not be read, its position (u64): put aside and never deleted
 *
 * A batch rewrites each page of the file that has a row of it. So what changes all the time stands together: positions go
 * up in the whole broker, and new messages are neighbours, of however many queues they are.
 */
import { createHash } from 'node:crypto';

const STORE = 0;
const EXCHANGE = 1;
const BINDING = 2;
const QUEUE = 3;
const PURGED = 4;
const DELIVERED = 5;
const MESSAGE = 6;
const UNREADABLE = 7;
const TWO_TO_32 = 0x1_0000_0000;

/** Where the version of the format stands. */
export const FORMAT_KEY = Buffer.from([STORE, 0]);
/** Where the next queue id stands. */
export const NEXT_QUEUE_ID_KEY = Buffer.from([STORE, 1]);
/** The first key and the one after the last of everything that is not a message. */
export const CATALOG_RANGE = { start: Buffer.from([STORE]), end: Buffer.from([MESSAGE]) } as const;
/** All messages. */
export const MESSAGE_RANGE = { start: Buffer.from([MESSAGE]), end: Buffer.from([UNREADABLE]) } as const;
/** All messages that could not be read. */
export const UNREADABLE_RANGE = { start: Buffer.from([UNREADABLE]), end: Buffer.from([UNREADABLE + 1]) } as const;
/** Bytes of a message's key. */
export const MESSAGE_KEY_SIZE = 9;

/** What a key of the catalog stands for. */
export type CatalogKey =
  | { readonly kind: 'format' | 'next-queue-id' | 'exchange' | 'binding' }
  | { readonly kind: 'queue' | 'purged'; readonly queueId: number }
  | { readonly kind: 'delivered'; readonly queueId: number; readonly priority: number };

/** An exchange's key, from what tells it from all others. */
export function exchangeKey(vhost: string, name: string): Buffer {
  return hashKey(EXCHANGE, JSON.stringify([vhost, name]));
}

/** A binding's key, from its whole encoded definition, since nothing less tells it from all others. */
export function bindingKey(encoded: Buffer): Buffer {
  return hashKey(BINDING, encoded);
}

/** The key of a queue's definition. */
export function queueKey(queueId: number): Buffer {
  return idKey(QUEUE, queueId);
}

/** The key of how far a queue is purged. */
export function purgedKey(queueId: number): Buffer {
  return idKey(PURGED, queueId);
}

/** The key of how far a queue was delivered. */
export function deliveredKey(queueId: number, priority: number): Buffer {
  const key = Buffer.allocUnsafe(6);
  key[0] = DELIVERED;
  key.writeUInt32BE(queueId, 1);
  key[5] = priority;
  return key;
}

/** All keys of how far a queue was delivered, from the first to the one after the last. */
export function deliveredRange(queueId: number): { readonly start: Buffer; readonly end: Buffer } {
  return { start: deliveredKey(queueId, 0), end: Buffer.concat([deliveredKey(queueId, 255), Buffer.from([0])]) };
}

/** A message's key. */
export function messageKey(position: number): Buffer {
  return writeMessageKey(Buffer.allocUnsafe(MESSAGE_KEY_SIZE), position);
}

/** Writes a message's key over another one, where a new buffer for each would cost too much. */
export function writeMessageKey(target: Buffer, position: number): Buffer {
  target[0] = MESSAGE;
  writePosition(target, position, 1);
  return target;
}

/** The position of a message's key, or of one that could not be read. */
export function positionOf(key: Buffer): number {
  return readPosition(key, 1);
}

/** Where a message goes that could not be read. */
export function unreadableKey(position: number): Buffer {
  const key = messageKey(position);
  key[0] = UNREADABLE;
  return key;
}

/** A position as a value. */
export function positionValue(position: number): Buffer {
  const value = Buffer.allocUnsafe(8);
  writePosition(value, position, 0);
  return value;
}

/** Writes a position as eight bytes. */
export function writePosition(target: Buffer, position: number, offset: number): void {
  target.writeUInt32BE(Math.floor(position / TWO_TO_32), offset);
  target.writeUInt32BE(position % TWO_TO_32, offset + 4);
}

/** Reads a position of eight bytes. */
export function readPosition(source: Buffer, offset: number): number {
  return source.readUInt32BE(offset) * TWO_TO_32 + source.readUInt32BE(offset + 4);
}

/** Tells what a key of the catalog stands for; undefined where no such key exists. */
export function parseCatalogKey(key: Buffer): CatalogKey | undefined {
  if (key.equals(FORMAT_KEY)) return { kind: 'format' };
  if (key.equals(NEXT_QUEUE_ID_KEY)) return { kind: 'next-queue-id' };
  if (key[0] === EXCHANGE && key.length === 33) return { kind: 'exchange' };
  if (key[0] === BINDING && key.length === 33) return { kind: 'binding' };
  if (key[0] === QUEUE && key.length === 5) return { kind: 'queue', queueId: key.readUInt32BE(1) };
  if (key[0] === PURGED && key.length === 5) return { kind: 'purged', queueId: key.readUInt32BE(1) };
  if (key[0] === DELIVERED && key.length === 6) {
    return { kind: 'delivered', queueId: key.readUInt32BE(1), priority: key.readUInt8(5) };
  }
  return undefined;
}

function idKey(kind: number, queueId: number): Buffer {
  const key = Buffer.from([kind, 0, 0, 0, 0]);
  key.writeUInt32BE(queueId, 1);
  return key;
}

function hashKey(kind: number, identity: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from([kind]), createHash('sha256').update(identity).digest()]);
}
