/** A socket to the broker on which a test speaks AMQP by bytes of its own. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { brokerUrl } from '../../support/broker.js';
import type { FieldReader } from './fields.js';
import {
  argumentsOf,
  BODY,
  type CloseReason,
  closeReason,
  describeFrame,
  type Frame,
  FrameParser,
  HEADER,
  HEARTBEAT,
  type MethodName,
  method,
  methodName,
} from './frames.js';

/** A content as it arrived: the frame that announced it, its properties as bytes, and its body by frames. */
export interface ReceivedContent {
  readonly method: FieldReader;
  readonly properties: Buffer;
  readonly body: Buffer;
  readonly bodyFrames: readonly Buffer[];
}

/**
 * One connection. Reading is one frame at a time, in order; a read waits until the frame is there or the socket is closed,
 * and the test's own time limit ends a wait for what never comes. `await using` destroys the socket.
 */
export class RawConnection implements AsyncDisposable {
  /** For what no method here does: to pause, to end, to reset. */
  readonly socket: Socket;
  readonly #parser = new FrameParser();
  readonly #frames: Frame[] = [];
  readonly #unframed: Buffer[] = [];
  readonly #ended: Promise<void>;
  #framed = true;
  #closed = false;
  #broken: Error | undefined;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#onData(chunk));
    // A reset counts as a close: the broker may have unread bytes of ours when it closes.
    socket.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#closed = true;
        this.#wake?.();
        resolve();
      });
    });
  }

  /** Opens the socket and sends nothing. */
  static async dial(url: string = brokerUrl()): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port || 5672), noDelay: true });
    const connection = new RawConnection(socket);
    await once(socket, 'connect');
    return connection;
  }

  /** Sends the bytes in one write. What a closed socket refuses is dropped. */
  write(...parts: readonly Buffer[]): void {
    this.socket.write(parts.length === 1 ? parts[0]! : Buffer.concat(parts));
  }

  /** Resolves when the socket is closed, by whichever end. */
  closed(): Promise<void> {
    return this.#ended;
  }

  /** Everything that the broker sends until it closes the socket, as bytes; for answers that are no frames. */
  async unframed(): Promise<Buffer> {
    this.#framed = false;
    await this.#ended;
    return Buffer.concat(this.#unframed);
  }

  /** The next frame, heartbeats included. @throws when the socket is closed before it comes */
  async nextFrame(): Promise<Frame> {
    const found = await this.nextFrameOrEnd();
    if (found === undefined) throw new Error('expected another frame, found the socket closed');
    return found;
  }

  /** The next frame, heartbeats included; `undefined` when the socket is closed. */
  async nextFrameOrEnd(): Promise<Frame | undefined> {
    while (this.#frames.length === 0) {
      if (this.#broken) throw this.#broken;
      if (this.#closed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#frames.shift();
  }

  /** All frames until the socket is closed. */
  async remainingFrames(): Promise<Frame[]> {
    await this.#ended;
    if (this.#broken) throw this.#broken;
    return this.#frames.splice(0);
  }

  /**
   * The arguments of the next frame, which must be this method on this channel; heartbeats are passed over.
   * @throws when another frame comes, with what it is
   */
  async expect(name: MethodName, channel = 0): Promise<FieldReader> {
    const found = await this.#nextButHeartbeats();
    if (methodName(found) === name && found.channel === channel) return argumentsOf(found);
    throw new Error(`expected ${name} on channel ${channel}, found ${describeFrame(found)}`);
  }

  /** The next content that this method announces, collected until its body is complete. */
  async expectContent(name: MethodName, channel = 1): Promise<ReceivedContent> {
    const announced = await this.expect(name, channel);
    const head = argumentsOf(await this.#expectType(HEADER, channel));
    head.take(4);
    const size = Number(head.longlong());
    const bodyFrames: Buffer[] = [];
    for (let left = size; left > 0; ) {
      const { payload } = await this.#expectType(BODY, channel);
      bodyFrames.push(payload);
      left -= payload.length;
    }
    return { method: announced, properties: head.take(), body: Buffer.concat(bodyFrames), bodyFrames };
  }

  /** Why the broker closes the channel: the next frame must say so. Answers it, so that the number is free again. */
  async expectChannelClose(channel: number): Promise<CloseReason> {
    const reason = closeReason(await this.expect('channel.close', channel));
    this.write(method(channel, 'channel.close-ok'));
    return reason;
  }

  /** Why the broker closes the connection: the next frame must say so. Answers it and waits for the end of the socket. */
  async expectConnectionClose(): Promise<CloseReason> {
    const reason = await this.expectFrameError();
    this.write(method(0, 'connection.close-ok'));
    await this.#ended;
    return reason;
  }

  /**
   * Why the broker closes the connection, like `expectConnectionClose` but without the end of the socket: after an error in
   * the framing itself RabbitMQ reads no more and leaves the socket open for three seconds.
   */
  async expectFrameError(): Promise<CloseReason> {
    return closeReason(await this.expect('connection.close'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.#ended;
  }

  async #expectType(type: number, channel: number): Promise<Frame> {
    const found = await this.#nextButHeartbeats();
    if (found.type === type && found.channel === channel) return found;
    throw new Error(`expected a frame of type ${type} on channel ${channel}, found ${describeFrame(found)}`);
  }

  async #nextButHeartbeats(): Promise<Frame> {
    for (;;) {
      const found = await this.nextFrame();
      if (found.type !== HEARTBEAT) return found;
    }
  }

  #onData(chunk: Buffer): void {
    if (!this.#framed) {
      this.#unframed.push(chunk);
      return;
    }
    try {
      this.#frames.push(...this.#parser.push(chunk));
    } catch (error) {
      this.#broken = error as Error;
      this.socket.destroy();
    }
    this.#wake?.();
  }
}
