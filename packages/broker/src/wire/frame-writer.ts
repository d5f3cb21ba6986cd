import { ByteWriter } from './byte-writer.js';
import { CONTENT_HEADER_SIZE, FRAME, FRAME_END, FRAME_HEADER_SIZE, FRAME_OVERHEAD } from './constants.js';
import { type MethodArguments, type MethodName, writeMethod } from './methods.js';

/** Bodies from this size on are written from where they lie, in bytes; to copy a smaller one costs less than a write of its own. */
const COPY_LIMIT = 16_384;

/** Where the size stands in a frame. */
const SIZE_OFFSET = 3;

/** Collects the frames of one turn of the event loop, so that they go to the socket at once. */
export class FrameWriter {
  readonly #out = new ByteWriter();

  /** Bytes that `take` would give. */
  get pendingBytes(): number {
    return this.#out.length;
  }

  /** A method without content. @throws RangeError where an argument is out of range; nothing is written then */
  method<M extends MethodName>(channel: number, name: M, args: MethodArguments<M>): void {
    const out = this.#out;
    out.mark();
    try {
      this.#begin(FRAME.method, channel, 0);
      writeMethod(out, name, args);
    } catch (error) {
      out.rewind();
      throw error;
    }
    out.patchLong(SIZE_OFFSET, out.position - FRAME_HEADER_SIZE);
    out.octet(FRAME_END);
  }

  /**
   * A method and its content: header and body frames (none for an empty body).
   * @param bytes properties, then the body; kept by reference until they are written when they are large
   * @param maxFrameSize the size to cut the body to, with the overhead, in bytes; 0 for any
   */
  content<M extends MethodName>(
    channel: number,
    name: M,
    args: MethodArguments<M>,
    classId: number,
    bytes: Buffer,
    bodyOffset: number,
    maxFrameSize: number,
  ): void {
    this.method(channel, name, args);
    this.#header(channel, classId, bytes, bodyOffset);
    const most = maxFrameSize > 0 ? maxFrameSize - FRAME_OVERHEAD : bytes.length;
    for (let start = bodyOffset; start < bytes.length; start += most) {
      this.#body(channel, bytes, start, Math.min(start + most, bytes.length));
    }
  }

  /** A heartbeat (section 4.2.7). */
  heartbeat(): void {
    this.#begin(FRAME.heartbeat, 0, 0);
    this.#out.octet(FRAME_END);
  }

  /** What is to be written now, in order. The writer is empty then and holds no memory. */
  take(): readonly Buffer[] {
    return this.#out.take();
  }

  #header(channel: number, classId: number, bytes: Buffer, bodyOffset: number): void {
    const out = this.#out;
    this.#begin(FRAME.header, channel, CONTENT_HEADER_SIZE + bodyOffset);
    out.short(classId);
    out.short(0);
    out.longlong(bytes.length - bodyOffset);
    out.bytes(bytes, 0, bodyOffset);
    out.octet(FRAME_END);
  }

  #body(channel: number, bytes: Buffer, start: number, end: number): void {
    this.#begin(FRAME.body, channel, end - start);
    if (end - start >= COPY_LIMIT) this.#out.append(bytes.subarray(start, end));
    else this.#out.bytes(bytes, start, end);
    this.#out.octet(FRAME_END);
  }

  #begin(type: number, channel: number, payloadSize: number): void {
    this.#out.octet(type);
    this.#out.short(channel);
    this.#out.long(payloadSize);
  }
}
