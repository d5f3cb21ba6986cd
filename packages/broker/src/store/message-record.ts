/**
 * A message's row: id of its queue (u32), delivery count (u32), expiry in ms since 1970 (f64, NaN for none), start of the body
 * within the content (u32), size of the names (u32), the names, then the content. The names are the exchange, the routing
 * key and the blind keys, each a length (u32) and UTF-8. Numbers have their high byte first.
 */
import type { Content, Message } from '../model/message.js';
import type { StoredMessage } from '../model/store.js';

/** Makes a content of its bytes again. The bytes are the content's for good. */
export type RestoreContent = (bytes: Buffer, bodyOffset: number) => Content;

const HEAD_SIZE = 24;
const NO_KEYS: readonly string[] = [];

/** How many bytes a message's row takes. */
export function recordSize({ exchange, routingKey, blindKeys, content }: Message): number {
  let names = nameSize(exchange) + nameSize(routingKey);
  for (const key of blindKeys) names += nameSize(key);
  return HEAD_SIZE + names + content.bytes.length;
}

/** Writes a row of `recordSize` bytes. */
export function writeRecord(target: Buffer, queueId: number, stored: StoredMessage): void {
  const { message, expiresAt, deliveryCount } = stored;
  target.writeUInt32BE(queueId, 0);
  target.writeUInt32BE(deliveryCount, 4);
  target.writeDoubleBE(expiresAt ?? Number.NaN, 8);
  target.writeUInt32BE(message.content.bodyOffset, 16);
  let end = writeName(target, message.exchange, HEAD_SIZE);
  end = writeName(target, message.routingKey, end);
  for (const key of message.blindKeys) end = writeName(target, key, end);
  target.writeUInt32BE(end - HEAD_SIZE, 20);
  target.set(message.content.bytes, end);
}

/** The queue of a row. @throws when the row is too short */
export function recordQueueId(record: Buffer): number {
  return record.readUInt32BE(0);
}

/**
 * Reads rows one after the other. Neighbours mostly share their names, and so they get the very same strings.
 * What it returns keeps the row's bytes.
 */
export class RecordReader {
  readonly #restore: RestoreContent;
  #bytes = Buffer.alloc(0);
  #names: Omit<Message, 'content'> = { exchange: '', routingKey: '', blindKeys: NO_KEYS };

  constructor(restore: RestoreContent) {
    this.#restore = restore;
  }

  /** @throws when the bytes are not a row, or the content is not one */
  read(record: Buffer): StoredMessage {
    const bodyOffset = record.readUInt32BE(16);
    const contentStart = HEAD_SIZE + record.readUInt32BE(20);
    if (contentStart + bodyOffset > record.length) {
      throw new RangeError(`expected a body at byte ${contentStart + bodyOffset}, found ${record.length} bytes`);
    }
    const { exchange, routingKey, blindKeys } = this.#readNames(record, contentStart);
    const content = this.#restore(record.subarray(contentStart), bodyOffset);
    const expiresAt = record.readDoubleBE(8);
    return {
      message: { exchange, routingKey, blindKeys, content },
      expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt,
      deliveryCount: record.readUInt32BE(4),
    };
  }

  #readNames(record: Buffer, end: number): Omit<Message, 'content'> {
    const size = end - HEAD_SIZE;
    if (size === this.#bytes.length && record.compare(this.#bytes, 0, size, HEAD_SIZE, end) === 0) return this.#names;
    const bytes = Buffer.from(record.subarray(HEAD_SIZE, end));
    const [exchange, routingKey, ...blindKeys] = readNames(bytes);
    if (exchange === undefined || routingKey === undefined)
      throw new RangeError('expected an exchange and a routing key');
    this.#names = { exchange, routingKey, blindKeys: blindKeys.length === 0 ? NO_KEYS : blindKeys };
    this.#bytes = bytes;
    return this.#names;
  }
}

function nameSize(name: string): number {
  return 4 + Buffer.byteLength(name);
}

function writeName(target: Buffer, name: string, offset: number): number {
  const size = target.write(name, offset + 4);
  target.writeUInt32BE(size, offset);
  return offset + 4 + size;
}

function readNames(bytes: Buffer): readonly string[] {
  const names: string[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const start = offset + 4;
    offset = start + bytes.readUInt32BE(offset);
    if (offset > bytes.length) throw new RangeError(`expected a name to end by byte ${bytes.length}, found ${offset}`);
    names.push(bytes.toString('utf8', start, offset));
  }
  return names;
}
