/**
 * The keys of the store's rows: a byte for the kind, then numbers with the high byte first, so that rows sort by kind,
 * by queue, and by position. The layout, with the values beside it:
 *
 * - `00` the store itself: `00` the format's version (u32), `01` the next queue id (u32)
 * - `01` an exchange, `02` a binding: SHA-256 of what identifies it; the value is `definition-codec`'s
 * - `03` a queue, its id (u32): `00` its definition, `01` its purges (`queue-sweeper`), `02` and a priority (u8): the highest
 *   delivered position (u64)
 * - `04` a message, its queue's id (u32), its position (u64): the value is `message-record`'s
 * - `05` a message that could not be read, with the rest of its key: put aside and never deleted
 */
import { createHash } from 'node:crypto';

const STORE = 0;
const EXCHANGE = 1;
const BINDING = 2;
const QUEUE = 3;
const MESSAGE = 4;
const UNREADABLE = 5;
const TWO_TO_32 = 0x1_0000_0000;

/** Where the version of the format stands. */
export const FORMAT_KEY = Buffer.from([STORE, 0]);
/** Where the next queue id stands. */
export const NEXT_QUEUE_ID_KEY = Buffer.from([STORE, 1]);
/** The first key and the one after the last of everything that is not a message. */
export const CATALOG_RANGE = { start: Buffer.from([STORE]), end: Buffer.from([MESSAGE]) } as const;

/** The part of a queue that a row is about. */
export type QueueRow =
  | { readonly part: 'definition' }
  | { readonly part: 'purges' }
  | { readonly part: 'delivered'; readonly priority: number };

/** What a key of the catalog stands for. */
export type CatalogKey =
  | { readonly kind: 'format' | 'next-queue-id' | 'exchange' | 'binding' }
  | { readonly kind: 'queue'; readonly queueId: number; readonly row: QueueRow };

/** An exchange's key, from what tells it from all others. */
export function exchangeKey(vhost: string, name: string): Buffer {
  return hashKey(EXCHANGE, JSON.stringify([vhost, name]));
}

/** A binding's key, from its whole encoded definition, since nothing less tells it from all others. */
export function bindingKey(encoded: Buffer): Buffer {
  return hashKey(BINDING, encoded);
}

/** The key of one of a queue's rows. */
export function queueKey(queueId: number, row: QueueRow): Buffer {
  const key = Buffer.from([QUEUE, 0, 0, 0, 0, ...queueRowBytes(row)]);
  key.writeUInt32BE(queueId, 1);
  return key;
}

/** Every row of a queue but its messages, from the first key to the one after the last. */
export function queueRowsRange(queueId: number): { readonly start: Buffer; readonly end: Buffer } {
  return { start: idPrefix(QUEUE, queueId), end: idPrefix(QUEUE, queueId + 1) };
}

/** A message's key. */
export function messageKey(queueId: number, position: number): Buffer {
  return writeMessageKey(Buffer.allocUnsafe(13), queueId, position);
}

/** Writes a message's key over another one, where a new buffer for each would cost too much. */
export function writeMessageKey(target: Buffer, queueId: number, position: number): Buffer {
  target[0] = MESSAGE;
  target.writeUInt32BE(queueId, 1);
  writePosition(target, position, 5);
  return target;
}

/** The messages of a queue from a position on, to the key after the last. */
export function messageRange(queueId: number, from = 0): { readonly start: Buffer; readonly end: Buffer } {
  const start = from === 0 ? idPrefix(MESSAGE, queueId) : messageKey(queueId, from);
  return { start, end: idPrefix(MESSAGE, queueId + 1) };
}

/** The messages of every queue from an id on. */
export function messagesFrom(queueId: number): { readonly start: Buffer; readonly end: Buffer } {
  return { start: idPrefix(MESSAGE, queueId), end: Buffer.from([UNREADABLE]) };
}

/** The queue of a message's key. */
export function queueIdOf(key: Buffer): number {
  return key.readUInt32BE(1);
}

/** The position of a message's key. */
export function positionOf(key: Buffer): number {
  return readPosition(key, 5);
}

/** Where a message goes that could not be read. */
export function unreadableKey(queueId: number, position: number): Buffer {
  const key = messageKey(queueId, position);
  key[0] = UNREADABLE;
  return key;
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
  if (key[0] !== QUEUE || key.length < 6) return undefined;
  const queueId = key.readUInt32BE(1);
  if (key[5] === 0 && key.length === 6) return { kind: 'queue', queueId, row: { part: 'definition' } };
  if (key[5] === 1 && key.length === 6) return { kind: 'queue', queueId, row: { part: 'purges' } };
  if (key[5] === 2 && key.length === 7) {
    return { kind: 'queue', queueId, row: { part: 'delivered', priority: key[6]! } };
  }
  return undefined;
}

function queueRowBytes(row: QueueRow): readonly number[] {
  if (row.part === 'delivered') return [2, row.priority];
  return [row.part === 'definition' ? 0 : 1];
}

function idPrefix(kind: number, queueId: number): Buffer {
  // One above the highest id would not fit: then the next kind follows.
  if (queueId >= TWO_TO_32) return Buffer.from([kind + 1]);
  const key = Buffer.from([kind, 0, 0, 0, 0]);
  key.writeUInt32BE(queueId, 1);
  return key;
}

function hashKey(kind: number, identity: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from([kind]), createHash('sha256').update(identity).digest()]);
}
