import { MAX_SHORT_STRING } from './constants.js';
import { encodeShortString } from './short-string.js';

/** Up to this length a loop copies faster than a call into the runtime does. */
const LOOP_LENGTH = 40;

/** Sizes of blocks: an idle writer holds none, a busy one fills few. */
const MIN_BLOCK = 1024;
const MAX_BLOCK = 65_536;

const NO_BLOCK: Buffer = Buffer.alloc(0);

/**
 * Writes the values of AMQP 0-9-1 section 4.2.5 one after the other into blocks that come as they are needed. What was
 * written since the last `mark` always lies in one block, so that a length that is known only later can be put into its
 * place by `patchLong`; a position counts from that mark.
 */
export class ByteWriter {
  #block = NO_BLOCK;
  #offset = 0;
  #mark = 0;
  /** Where in the block begins what has not been given away yet. */
  #start = 0;
  #blockSize = MIN_BLOCK;
  /** What lies before the block. */
  #chunks: Buffer[] = [];
  #chunkBytes = 0;

  /** Bytes that `take` would give. */
  get length(): number {
    return this.#chunkBytes + this.#offset - this.#start;
  }

  /** Bytes since the mark. */
  get position(): number {
    return this.#offset - this.#mark;
  }

  /** Makes what was written final: it can no longer be patched. */
  mark(): void {
    this.#mark = this.#offset;
  }

  /** An unsigned or signed 8-bit integer. */
  octet(value: number): void {
    const at = this.#advance(1);
    this.#block[at] = value;
  }

  /** An unsigned or signed 16-bit integer. */
  short(value: number): void {
    const at = this.#advance(2);
    const block = this.#block;
    block[at] = value >>> 8;
    block[at + 1] = value;
  }

  /** An unsigned or signed 32-bit integer. */
  long(value: number): void {
    this.#putLong(this.#advance(4), value);
  }

  /** An unsigned 64-bit integer. @throws RangeError for a number that is not a safe integer, or negative */
  longlong(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`expected an integer from 0 to 2^53 - 1, found ${value}`);
    }
    const at = this.#advance(8);
    this.#putLong(at, value / 0x1_0000_0000);
    this.#putLong(at + 4, value);
  }

  /** A 64-bit integer, unsigned or signed. */
  bigLonglong(value: bigint): void {
    const at = this.#advance(8);
    this.#block.writeBigUInt64BE(BigInt.asUintN(64, value), at);
  }

  /** A text with the count of its octets in one octet before it. @throws RangeError when it has more than 255 octets */
  shortString(text: string): void {
    const length = text.length;
    const at = this.#advance(1 + length);
    const block = this.#block;
    block[at] = length;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f || length > MAX_SHORT_STRING) {
        this.#offset = at;
        const octets = encodeShortString(text);
        this.bytes(octets, 0, octets.length);
        return;
      }
      block[at + 1 + index] = code;
    }
  }

  /** Octets with their count in four octets before them. */
  longString(bytes: Uint8Array): void {
    this.long(bytes.length);
    this.bytes(bytes, 0, bytes.length);
  }

  /** A copy of a part of some bytes. */
  bytes(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    const at = this.#advance(count);
    const block = this.#block;
    if (count <= LOOP_LENGTH) {
      for (let index = 0; index < count; index++) block[at + index] = source[start + index]!;
    } else {
      block.set(count === source.length ? source : source.subarray(start, end), at);
    }
  }

  /** Puts bytes into the output as they are, without a copy; what was written before becomes final. */
  append(bytes: Buffer): void {
    this.#seal(this.#offset);
    this.#mark = this.#offset;
    this.#push(bytes);
  }

  /** Overwrites four octets that were written since the mark. */
  patchLong(position: number, value: number): void {
    this.#putLong(this.#mark + position, value);
  }

  /** Forgets what was written since the mark, after an error in the midst of it. */
  rewind(): void {
    this.#offset = this.#mark;
  }

  /** What was written since the last call, in order. The writer then holds nothing. */
  take(): readonly Buffer[] {
    this.#seal(this.#offset);
    const chunks = this.#chunks;
    // A block is never used again: the socket may not have written it yet.
    if (this.#offset < this.#blockSize / 4) this.#blockSize = Math.max(this.#blockSize / 2, MIN_BLOCK);
    this.#block = NO_BLOCK;
    this.#offset = this.#mark = this.#start = 0;
    this.#chunks = [];
    this.#chunkBytes = 0;
    return chunks;
  }

  /** @returns where in the block the next bytes go; they lie in one block with everything since the mark */
  #advance(count: number): number {
    if (this.#offset + count > this.#block.length) this.#nextBlock(count);
    const at = this.#offset;
    this.#offset = at + count;
    return at;
  }

  #nextBlock(count: number): void {
    const tail = this.#offset - this.#mark;
    if (this.#block.length > 0) this.#blockSize = Math.min(this.#blockSize * 2, MAX_BLOCK);
    const block = Buffer.allocUnsafe(Math.max(this.#blockSize, 2 * (tail + count)));
    this.#block.copy(block, 0, this.#mark, this.#offset);
    this.#seal(this.#mark);
    this.#block = block;
    this.#start = this.#mark = 0;
    this.#offset = tail;
  }

  #seal(end: number): void {
    if (end === this.#start) return;
    this.#push(this.#block.subarray(this.#start, end));
    this.#start = end;
  }

  #push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
  }

  #putLong(at: number, value: number): void {
    const block = this.#block;
    block[at] = value >>> 24;
    block[at + 1] = value >>> 16;
    block[at + 2] = value >>> 8;
    block[at + 3] = value;
  }
}
