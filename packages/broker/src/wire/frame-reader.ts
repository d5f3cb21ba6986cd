import { FRAME_END, FRAME_HEADER_SIZE, FRAME_OVERHEAD, MIN_FRAME_SIZE } from './constants.js';
import { frameError } from './frame-errors.js';

const NOTHING: Buffer = Buffer.alloc(0);

/** The least room that is made for a frame that comes in pieces, in bytes. */
const MIN_ROOM = 256;

/** Takes a frame. The payload is a slice of what was pushed: whoever keeps it, copies it. */
export type FrameHandler = (type: number, channel: number, payload: Buffer) => void;

/** Cuts what comes from a socket into frames (AMQP 0-9-1 section 4.2.3). */
export class FrameReader {
  /** The largest frame with its overhead, in bytes, as the peers have agreed; 0 for any. */
  maxFrameSize: number = MIN_FRAME_SIZE;
  readonly #onFrame: FrameHandler;
  /** What came and was not looked at yet: bytes of the chunk from `#at` on. */
  #chunk = NOTHING;
  #at = 0;
  /** The beginning of a frame that comes in pieces, and how many of these bytes are there. */
  #partial = NOTHING;
  #filled = 0;
  #broken = false;
  /** While true, frames that have come are kept, and `push` hands none on; whoever ends it calls `push` with an empty chunk. */
  held = false;

  /** @param onFrame called for each frame of any type; it may throw */
  constructor(onFrame: FrameHandler) {
    this.#onFrame = onFrame;
  }

  /** A frame was malformed: where the next one begins cannot be known, so that nothing is read any more. */
  get broken(): boolean {
    return this.#broken;
  }

  /**
   * Takes what has come, and hands on the frames that are complete now. What `onFrame` throws comes through; the next call,
   * be it with an empty chunk, goes on behind that frame.
   * @throws AmqpError FRAME_ERROR for a frame that is too large, as soon as its size is known, or ends with a wrong octet
   */
  push(chunk: Buffer): void {
    if (this.#broken) return;
    this.#chunk = this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk;
    this.#at = 0;
    if (this.#filled > 0 && !this.held) this.#continuePartial();
    while (!this.held && this.#nextFrame()) {
      // Each turn hands on one frame.
    }
    if (this.held) return;
    if (this.#at < this.#chunk.length) this.#keep(this.#chunk.length - this.#at);
    this.#chunk = NOTHING;
    this.#at = 0;
  }

  /** Hands on a frame that lies in the chunk completely. @returns whether there was one */
  #nextFrame(): boolean {
    const start = this.#at;
    const available = this.#chunk.length - start;
    if (available < FRAME_HEADER_SIZE) return false;
    const size = this.#frameSize(this.#chunk, start);
    if (available < size) return false;
    this.#at = start + size;
    this.#handOn(this.#chunk, start, size);
    return true;
  }

  /** Brings a frame nearer to its end that began in an earlier chunk, and hands it on when it is complete. */
  #continuePartial(): void {
    if (this.#filled < FRAME_HEADER_SIZE) this.#keep(FRAME_HEADER_SIZE - this.#filled);
    if (this.#filled < FRAME_HEADER_SIZE) return;
    const size = this.#frameSize(this.#partial, 0);
    this.#keep(size - this.#filled);
    if (this.#filled < size) return;
    const frame = this.#partial;
    this.#partial = NOTHING;
    this.#filled = 0;
    this.#handOn(frame, 0, size);
  }

  /** Moves up to so many bytes from the chunk to the partial frame. Room doubles, so that each byte is copied twice at most. */
  #keep(wanted: number): void {
    const count = Math.min(wanted, this.#chunk.length - this.#at);
    const filled = this.#filled + count;
    if (filled > this.#partial.length) {
      const room = Buffer.allocUnsafe(Math.max(MIN_ROOM, 2 * filled));
      this.#partial.copy(room, 0, 0, this.#filled);
      this.#partial = room;
    }
    this.#chunk.copy(this.#partial, this.#filled, this.#at, this.#at + count);
    this.#filled = filled;
    this.#at += count;
  }

  /** The size of the frame that begins here, with its overhead. */
  #frameSize(bytes: Buffer, start: number): number {
    const payloadSize = bytes.readUInt32BE(start + 3);
    // Like RabbitMQ, this overlooks that the overhead belongs to the frame.
    if (this.maxFrameSize > 0 && payloadSize > this.maxFrameSize) {
      const reason = `{frame_too_large,${payloadSize},${this.maxFrameSize - FRAME_OVERHEAD}}`;
      throw this.#fatal(bytes[start]!, NOTHING, reason);
    }
    return payloadSize + FRAME_OVERHEAD;
  }

  #handOn(bytes: Buffer, start: number, size: number): void {
    const type = bytes[start]!;
    const payload = bytes.subarray(start + FRAME_HEADER_SIZE, start + size - 1);
    const end = bytes[start + size - 1]!;
    if (end !== FRAME_END) throw this.#fatal(type, payload, `{invalid_frame_end_marker,${end}}`);
    this.#onFrame(type, (bytes[start + 1]! << 8) | bytes[start + 2]!, payload);
  }

  #fatal(type: number, payload: Buffer, reason: string): Error {
    this.#broken = true;
    this.#chunk = this.#partial = NOTHING;
    return frameError(type, payload, reason);
  }
}
