import { TqError } from '@tq/core/internal';

/** Bytes before a payload: its length, big-endian. */
export const HEADER_BYTES = 4;

/** Most bytes of one payload: twice the largest message that RabbitMQ can be told to carry. */
export const MAX_PAYLOAD_BYTES = 2 ** 30;

/**
 * Makes a frame whose payload, from {@link HEADER_BYTES} on, is to be filled in.
 * @throws {TqError} `message-too-large`
 */
export function allocateFrame(payloadBytes: number, maxBytes = MAX_PAYLOAD_BYTES): Buffer {
  if (payloadBytes > maxBytes) throw tooLarge(payloadBytes, maxBytes);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payloadBytes);
  frame.writeUInt32BE(payloadBytes, 0);
  return frame;
}

/** Cuts a stream of bytes into the payloads of its frames, wherever the pieces that it arrives in begin and end. */
export class FrameDecoder {
  readonly #maxBytes: number;
  /** Pieces of a frame that is not complete; joined once, when it is. */
  #pieces: Buffer[] = [];
  #size = 0;
  /** Bytes with which the next step can be taken: those of a header, then those of the whole frame. */
  #needed = HEADER_BYTES;

  constructor(maxBytes = MAX_PAYLOAD_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * @param piece may be used again once the payloads are read: they may share its memory
   * @returns the payloads that are complete with it
   * @throws {TqError} `message-too-large` when a frame announces more than it may have; the stream is of no use then
   */
  push(piece: Buffer): Buffer[] {
    if (this.#size + piece.length < this.#needed) {
      this.#keep(piece);
      return [];
    }
    const bytes = this.#size === 0 ? piece : Buffer.concat([...this.#pieces, piece]);
    this.#pieces = [];
    this.#size = 0;
    this.#needed = HEADER_BYTES;
    return this.#cut(bytes);
  }

  #cut(bytes: Buffer): Buffer[] {
    const payloads: Buffer[] = [];
    let begin = 0;
    while (bytes.length - begin >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(begin);
      if (length > this.#maxBytes) throw tooLarge(length, this.#maxBytes);
      const end = begin + HEADER_BYTES + length;
      if (end > bytes.length) {
        this.#needed = HEADER_BYTES + length;
        break;
      }
      payloads.push(bytes.subarray(begin + HEADER_BYTES, end));
      begin = end;
    }
    if (begin < bytes.length) this.#keep(bytes.subarray(begin));
    return payloads;
  }

  #keep(piece: Buffer): void {
    this.#pieces.push(Buffer.from(piece));
    this.#size += piece.length;
  }
}

function tooLarge(found: number, maxBytes: number): TqError {
  return new TqError(
    'message-too-large',
    `Expected at most ${maxBytes} bytes between a worker and a process of its pool, found ${found}. ` +
      'Pass large data by reference: a file, an object store, a database.',
    { fields: { size: found, limit: maxBytes } },
  );
}
