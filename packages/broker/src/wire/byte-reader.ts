import { decodeText } from './short-string.js';

/** There were fewer bytes than a value needs. What that means for the client, the caller knows. */
export class TruncatedError extends Error {
  constructor(expected: number, found: number) {
    super(`expected ${expected} more bytes, found ${found}`);
    this.name = 'TruncatedError';
  }
}

/** Reads the values of AMQP 0-9-1 section 4.2.5 one after the other. Every method throws `TruncatedError` at the end. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #offset: number;

  /** Reads from `start` up to, not including, `end`. */
  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#end - this.#offset;
  }

  /** An unsigned 8-bit integer. */
  octet(): number {
    return this.#bytes[this.#take(1)]!;
  }

  /** An unsigned 16-bit integer. */
  short(): number {
    const at = this.#take(2);
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  /** An unsigned 32-bit integer. */
  long(): number {
    const at = this.#take(4);
    const bytes = this.#bytes;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /** An unsigned 64-bit integer; above 2^53 the nearest double. */
  longlong(): number {
    const high = this.long();
    return high * 0x1_0000_0000 + this.long();
  }

  /** An unsigned 64-bit integer, exactly. */
  bigLonglong(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  /** Octets with their count in one octet before them, as text. */
  shortString(): string {
    const length = this.octet();
    const start = this.#take(length);
    return length === 0 ? '' : decodeText(this.#bytes, start, start + length);
  }

  /** Octets with their count in four octets before them: a slice, not a copy. */
  longString(): Buffer {
    return this.slice(this.long());
  }

  /** The next bytes: a slice, not a copy. */
  slice(count: number): Buffer {
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** A reader of the next bytes, which are passed over here. */
  part(count: number): ByteReader {
    const start = this.#take(count);
    return new ByteReader(this.#bytes, start, start + count);
  }

  /** Passes over bytes. */
  skip(count: number): void {
    this.#take(count);
  }

  /** @returns where the bytes begin that are now taken */
  #take(count: number): number {
    const start = this.#offset;
    if (count > this.#end - start) throw new TruncatedError(count, this.#end - start);
    this.#offset = start + count;
    return start;
  }
}
