/**
 * A message's row: epoch (u32), delivery count (u32), expiry in ms since 1970 (f64, NaN for none), start of the body
 * within the content (u32), length of the exchange's name and of the routing key (u16 each), then both, then the
 * content. Numbers have their high byte first.
 */
import type { Content, Message } from '../model/message.js';
import type { StoredMessage } from '../model/store.js';

/** Makes a content of its bytes again. The bytes are the caller's for good. */
export type RestoreContent = (bytes: Buffer, bodyOffset: number) => Content;

const HEAD_SIZE = 24;

/** How many bytes a message's row takes. */
export function recordSize(message: Message): number {
  return (
    HEAD_SIZE +
    Buffer.byteLength(message.exchange) +
    Buffer.byteLength(message.routingKey) +
    message.content.bytes.length
  );
}

/**
 * Writes a row of `recordSize` bytes.
 * @param epoch how often the queue had been purged when the message came to it
 */
export function writeRecord(target: Buffer, stored: StoredMessage, epoch: number): void {
  const { exchange, routingKey, content } = stored.message;
  target.writeUInt32BE(epoch, 0);
  target.writeUInt32BE(stored.deliveryCount, 4);
  target.writeDoubleBE(stored.expiresAt ?? Number.NaN, 8);
  target.writeUInt32BE(content.bodyOffset, 16);
  const exchangeLength = target.write(exchange, HEAD_SIZE);
  const routingKeyLength = target.write(routingKey, HEAD_SIZE + exchangeLength);
  target.writeUInt16BE(exchangeLength, 20);
  target.writeUInt16BE(routingKeyLength, 22);
  content.bytes.copy(target, HEAD_SIZE + exchangeLength + routingKeyLength);
}

/** The epoch of a row, which decides whether the rest counts. @throws when the row is too short */
export function recordEpoch(record: Buffer): number {
  return record.readUInt32BE(0);
}

/**
 * Reads rows one after the other. Neighbours mostly share their names, and so they get the very same strings.
 * What it returns keeps the row's bytes.
 */
export class RecordReader {
  readonly #restore: RestoreContent;
  #names = Buffer.alloc(0);
  #exchange = '';
  #routingKey = '';
  #exchangeLength = 0;

  constructor(restore: RestoreContent) {
    this.#restore = restore;
  }

  /** @throws when the bytes are not a row, or the content is not one */
  read(record: Buffer): StoredMessage {
    const bodyOffset = record.readUInt32BE(16);
    const exchangeLength = record.readUInt16BE(20);
    const contentStart = HEAD_SIZE + exchangeLength + record.readUInt16BE(22);
    if (contentStart + bodyOffset > record.length) {
      throw new RangeError(`expected a body at ${contentStart + bodyOffset}, found ${record.length} bytes`);
    }
    this.#readNames(record, exchangeLength, contentStart);
    const content = this.#restore(record.subarray(contentStart), bodyOffset);
    const expiresAt = record.readDoubleBE(8);
    return {
      message: { exchange: this.#exchange, routingKey: this.#routingKey, content },
      expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt,
      deliveryCount: record.readUInt32BE(4),
    };
  }

  #readNames(record: Buffer, exchangeLength: number, contentStart: number): void {
    const same =
      exchangeLength === this.#exchangeLength &&
      this.#names.length === contentStart - HEAD_SIZE &&
      record.compare(this.#names, 0, this.#names.length, HEAD_SIZE, contentStart) === 0;
    if (same) return;
    this.#names = Buffer.from(record.subarray(HEAD_SIZE, contentStart));
    this.#exchangeLength = exchangeLength;
    this.#exchange = this.#names.toString('utf8', 0, exchangeLength);
    this.#routingKey = this.#names.toString('utf8', exchangeLength);
  }
}
