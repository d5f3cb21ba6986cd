import { AmqpError } from '../errors.js';
import { EMPTY_TABLE, type FieldTable } from '../field-value.js';
import { ByteReader } from './byte-reader.js';
import { CONTENT_HEADER_SIZE, FRAME, MAX_MESSAGE_SIZE } from './constants.js';
import { decodeTable, encodeTable } from './field-table.js';
import { frameError, methodExpected } from './frame-errors.js';
import { changeProperties, checkProperties, findProperty, PROPERTY } from './properties.js';
import { decodeText, encodeShortString } from './short-string.js';

const PERSISTENT = 2;
const LETTER_C = 0x43;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * The content of a message: properties and body as they came, in one buffer. A million of these may be alive, so it keeps
 * nothing else, and looks up a property when it is asked for.
 */
export class WireContent {
  /** Property flags and property list, then the body. */
  readonly bytes: Buffer;
  /** Where the body starts in `bytes`. */
  readonly bodyOffset: number;

  /** @param bytes with properties that `checkProperties` has found to be sound */
  constructor(bytes: Buffer, bodyOffset: number) {
    this.bytes = bytes;
    this.bodyOffset = bodyOffset;
  }

  /** 1 is transient, 2 persistent; a client may write anything. */
  get deliveryMode(): number | undefined {
    return this.#octet(PROPERTY.deliveryMode);
  }

  /** delivery-mode is 2. */
  get persistent(): boolean {
    return this.deliveryMode === PERSISTENT;
  }

  /** 0 to 255; 0 when not given. */
  get priority(): number {
    return this.#octet(PROPERTY.priority) ?? 0;
  }

  /** As the client wrote it: milliseconds in decimal, or something else. */
  get expiration(): string | undefined {
    return this.#text(PROPERTY.expiration);
  }

  /** Where the sender wants replies. */
  get replyTo(): string | undefined {
    return this.#text(PROPERTY.replyTo);
  }

  /** Who sent it, as the sender says. */
  get userId(): string | undefined {
    return this.#text(PROPERTY.userId);
  }

  /** The property `headers`, decoded anew at each call; bytes in it are slices of this content. */
  headers(): FieldTable {
    const at = findProperty(this.bytes, PROPERTY.headers);
    return at < 0 ? EMPTY_TABLE : decodeTable(this.bytes.subarray(at, this.bodyOffset));
  }

  /** Whether the headers may have CC or BCC; false is certain, and costs less than to decode them. */
  get mayHaveCopies(): boolean {
    const { bytes, bodyOffset } = this;
    const at = findProperty(bytes, PROPERTY.headers);
    if (at < 0) return false;
    for (let index = at; index < bodyOffset; index++) {
      if (bytes[index] === LETTER_C && bytes[index + 1] === LETTER_C) return true;
    }
    return false;
  }

  /** A copy with other headers (an empty table takes them away), without an expiration, with another reply-to. */
  with(changes: {
    readonly headers?: FieldTable;
    readonly expiration?: undefined;
    readonly replyTo?: string;
  }): WireContent {
    const values = new Map<number, Buffer | undefined>();
    if (changes.headers !== undefined) {
      values.set(PROPERTY.headers, changes.headers.length > 0 ? encodeTable(changes.headers) : undefined);
    }
    if ('expiration' in changes) values.set(PROPERTY.expiration, undefined);
    if (changes.replyTo !== undefined) values.set(PROPERTY.replyTo, encodeShortString(changes.replyTo));
    const properties = changeProperties(this.bytes, values);
    const bytes = Buffer.concat([...properties, this.bytes.subarray(this.bodyOffset)]);
    return new WireContent(bytes, bytes.length - (this.bytes.length - this.bodyOffset));
  }

  #octet(flag: number): number | undefined {
    const at = findProperty(this.bytes, flag);
    return at < 0 ? undefined : this.bytes[at];
  }

  #text(flag: number): string | undefined {
    const at = findProperty(this.bytes, flag);
    return at < 0 ? undefined : decodeText(this.bytes, at + 1, at + 1 + this.bytes[at]!);
  }
}

/** The part of a content that has come so far. */
interface Incoming {
  /** Begins with the properties; grows with what comes, up to the announced size. */
  bytes: Buffer;
  filled: number;
  readonly bodyOffset: number;
  readonly bodySize: number;
  /** Body bytes that are still to come; below zero when there were too many. */
  remaining: number;
}

/**
 * Puts contents together from the frames that follow a method with content: `idle` -> header -> body frames -> `idle`.
 * The memory that it takes follows what has come, not what a client announces.
 */
export class ContentAssembler {
  readonly #maxBodySize: number;
  #incoming: Incoming | undefined;

  /** @param maxBodySize bytes; larger bodies are thrown away while they come, and refused at their end */
  constructor(maxBodySize: number = MAX_MESSAGE_SIZE) {
    this.#maxBodySize = maxBodySize;
  }

  /**
   * Takes the frame that comes after a method with content, or after an earlier frame of that content.
   * @param classId of the method
   * @returns the content with its last frame
   * @throws AmqpError UNEXPECTED_FRAME for a frame of another kind, and what `header` and `body` throw
   */
  frame(type: number, payload: Buffer, classId: number): WireContent | undefined {
    if (this.#incoming === undefined) {
      if (type === FRAME.header) return this.header(payload, classId);
      throw unexpectedHeader(classId, 'non content header frame');
    }
    if (type === FRAME.body) return this.body(payload);
    throw new AmqpError('UNEXPECTED_FRAME', 'expected content body, got non content body frame instead');
  }

  /**
   * Takes a content header.
   * @returns the content when it has no body
   * @throws AmqpError UNEXPECTED_FRAME for another class, FRAME_ERROR for less than a header, INTERNAL_ERROR for properties
   * that cannot be read
   */
  header(payload: Buffer, expectedClassId: number): WireContent | undefined {
    if (payload.length < CONTENT_HEADER_SIZE) throw frameError(FRAME.header, payload, 'unknown_frame');
    const reader = new ByteReader(payload);
    const classId = reader.short();
    const weight = reader.short();
    const bodySize = reader.longlong();
    if (weight !== 0) throw unexpectedHeader(expectedClassId, 'non content header frame');
    if (classId !== expectedClassId) throw unexpectedHeader(expectedClassId, `one for class ${classId}`);
    const properties = payload.subarray(CONTENT_HEADER_SIZE);
    checkProperties(properties);
    const bodyOffset = properties.length;
    if (bodySize === 0) return new WireContent(Buffer.from(properties), bodyOffset);
    this.#incoming = { bytes: properties, filled: bodyOffset, bodyOffset, bodySize, remaining: bodySize };
    return undefined;
  }

  /**
   * Takes a body frame. After more bytes than announced, RabbitMQ waits for ever for the end of the body; so does this.
   * @returns the content when it is complete
   * @throws AmqpError PRECONDITION_FAILED at the end of a body that was too large, UNEXPECTED_FRAME without a header before
   */
  body(payload: Buffer): WireContent | undefined {
    const incoming = this.#incoming;
    if (incoming === undefined) throw methodExpected();
    incoming.remaining -= payload.length;
    const { bodyOffset, bodySize, remaining } = incoming;
    const tooLarge = bodySize > this.#maxBodySize;
    if (tooLarge || remaining < 0) incoming.bytes = NOTHING;
    else add(incoming, payload);
    if (remaining !== 0) return undefined;
    this.#incoming = undefined;
    if (tooLarge) throw this.#tooLarge(bodySize);
    return new WireContent(incoming.bytes, bodyOffset);
  }

  #tooLarge(size: number): AmqpError {
    const limit = this.#maxBodySize === MAX_MESSAGE_SIZE ? 'max size' : 'configured max size';
    return new AmqpError('PRECONDITION_FAILED', `message size ${size} is larger than ${limit} ${this.#maxBodySize}`);
  }
}

/** Adds body bytes. Where there is no room for them it makes twice as much as is needed now, but not more than in the end. */
function add(incoming: Incoming, payload: Buffer): void {
  const { bodyOffset, bodySize, filled } = incoming;
  const needed = filled + payload.length;
  if (needed > incoming.bytes.length) {
    const room = Buffer.allocUnsafe(Math.min(bodyOffset + bodySize, 2 * needed));
    room.set(incoming.bytes.subarray(0, filled));
    incoming.bytes = room;
  }
  incoming.bytes.set(payload, filled);
  incoming.filled = needed;
}

function unexpectedHeader(classId: number, found: string): AmqpError {
  return new AmqpError('UNEXPECTED_FRAME', `expected content header for class ${classId}, got ${found} instead`);
}
