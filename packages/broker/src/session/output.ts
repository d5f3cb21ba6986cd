import type { Socket } from 'node:net';
import { BASIC_CLASS } from '../wire/constants.js';
import { FrameWriter } from '../wire/frame-writer.js';
import type { MethodArguments, MethodName } from '../wire/methods.js';
import type { Turn } from './turn.js';

/** What a message brings along when it is sent. */
export interface OutgoingContent {
  readonly bytes: Buffer;
  readonly bodyOffset: number;
}

/** Bytes that may wait for a client before its consumers get no more. */
const DELIVERY_LIMIT = 1024 * 1024;
/** Bytes that may wait for a client before it is not read any more: it asks for more than it takes. */
const ANSWER_LIMIT = 16 * 1024 * 1024;

/** Bytes that may wait for a client before direct replies are dropped, which no queue can keep for it. */
const REPLY_LIMIT = 128 * 1024 * 1024;

/**
 * What a connection has to say: frames are collected and written once a turn.
 * A client that reads slowly gets no more deliveries until it has taken what there is.
 */
export class Output {
  readonly #socket: Socket;
  readonly #turn: Turn;
  readonly #writer = new FrameWriter();
  readonly #flush = () => this.flush();
  #state: 'idle' | 'deferred' | 'closed' = 'idle';
  /** Something other than a heartbeat was written since `takeWritten`. */
  #written = false;
  /** Somebody was told that there is no room. */
  #refused = false;
  /** Frames are cut to this size (connection.tune-ok). */
  frameMax: number;

  constructor(socket: Socket, turn: Turn, frameMax: number) {
    this.#socket = socket;
    this.#turn = turn;
    this.frameMax = frameMax;
  }

  /** Whether there is room for one more delivery. */
  hasRoom(): boolean {
    if (this.#state !== 'closed' && this.#waiting < DELIVERY_LIMIT) return true;
    this.#refused = true;
    return false;
  }

  /** Whether `hasRoom` has said no since the last call. */
  takeRefused(): boolean {
    const refused = this.#refused;
    this.#refused = false;
    return refused;
  }

  /** Whether there is room for one more direct reply. */
  hasRoomForReply(): boolean {
    return this.#waiting < REPLY_LIMIT;
  }

  /** The client leaves so many answers unread that it should not be listened to. */
  get overfull(): boolean {
    return this.#waiting > ANSWER_LIMIT;
  }

  method<M extends MethodName>(channel: number, name: M, args: MethodArguments<M>): void {
    if (this.#state === 'closed') return;
    this.#writer.method(channel, name, args);
    this.#written = true;
    this.#defer();
  }

  /** A method that carries a message. */
  content<M extends MethodName>(channel: number, name: M, args: MethodArguments<M>, content: OutgoingContent): void {
    if (this.#state === 'closed') return;
    const { bytes, bodyOffset } = content;
    this.#writer.content(channel, name, args, BASIC_CLASS, bytes, bodyOffset, this.frameMax);
    this.#written = true;
    this.#defer();
  }

  heartbeat(): void {
    if (this.#state === 'closed') return;
    this.#writer.heartbeat();
    this.#defer();
  }

  /** Whether anything but heartbeats was written since the last call. */
  takeWritten(): boolean {
    const written = this.#written;
    this.#written = false;
    return written;
  }

  /** Writes what was collected, now. */
  flush(): void {
    if (this.#state === 'closed') return;
    this.#state = 'idle';
    const chunks = this.#writer.take();
    if (chunks.length === 0) return;
    if (chunks.length > 1) this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    if (chunks.length > 1) this.#socket.uncork();
  }

  /** Nothing is written from now on. */
  close(): void {
    this.#state = 'closed';
  }

  get #waiting(): number {
    return this.#writer.pendingBytes + this.#socket.writableLength;
  }

  #defer(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'deferred';
    this.#turn.defer(this.#flush);
  }
}
