import type { Socket } from 'node:net';
import type { Timer } from '../clock.js';
import { AmqpError, assertNever } from '../errors.js';
import { MIN_FRAME_SIZE, PROTOCOL_HEADER } from '../wire/constants.js';
import { unexpectedFrame } from '../wire/frame-errors.js';
import { FrameReader } from '../wire/frame-reader.js';
import { type Method, methodIds } from '../wire/methods.js';
import { Blocking, type BlockingHost } from './blocking.js';
import { closeArguments, forcedClosure, internalError } from './close-method.js';
import type { ConnectionEnvironment } from './connection-environment.js';
import { controlMethod, lastWord } from './control-frames.js';
import { Handshake, type HandshakeHost, type Opened, type Tuning } from './handshake.js';
import { Heartbeat, type HeartbeatHost } from './heartbeat.js';
import { Output } from './output.js';
import { ProtocolHeader } from './protocol-header.js';
import { Session } from './session.js';

/** How long the opening may take, ms; RabbitMQ's. */
const HANDSHAKE_LIMIT_MS = 10_000;
/** How long a client that failed to open waits for the end of its connection, so that guessing takes time, ms. */
const REFUSAL_DELAY_MS = 1_000;
/** How long a client may take to answer connection.close, ms. */
const CLOSE_LIMIT_MS = 10_000;

/**
 * A client's connection, from its first byte to its last.
 *
 *   greeting ─ protocol header ─> handshake ─ connection.open ─> open ─┬─ the client closes ─> closed
 *                                     └── a mistake ───────────────────┴─> closing ─ close-ok, or too late ─> closed
 *   any ─ socket gone ─> closed
 *
 * The file is long since all of it turns on that one state.
 */
export class Connection implements HandshakeHost, HeartbeatHost, BlockingHost {
  readonly output: Output;
  /** Resolves when the socket is gone. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #environment: ConnectionEnvironment;
  readonly #protocolHeader = new ProtocolHeader();
  readonly #reader: FrameReader;
  readonly #handshake: Handshake;
  #state: 'greeting' | 'handshake' | 'open' | 'closing' | 'closed' = 'greeting';
  #session: Session | undefined;
  #blocking: Blocking | undefined;
  #tuning: Tuning | undefined;
  #heartbeat: Heartbeat | undefined;
  #limit: Timer;
  #read = false;

  constructor(socket: Socket, environment: ConnectionEnvironment) {
    this.#socket = socket;
    this.#environment = environment;
    this.output = new Output(socket, environment.turn, MIN_FRAME_SIZE);
    this.#reader = new FrameReader((type, channel, payload) => this.#frame(type, channel, payload));
    this.#handshake = new Handshake(environment, this);
    this.#limit = environment.clock.setTimer(() => this.#cutOff(), HANDSHAKE_LIMIT_MS);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#data(chunk));
    socket.on('drain', () => this.run(() => this.#drained()));
    socket.on('end', () => this.#ended());
    // A reset is news to nobody: `close` follows.
    socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        this.#close();
        resolve();
      });
    });
  }

  /** Channels that are open. */
  get channelCount(): number {
    return this.#session?.channelCount ?? 0;
  }

  /** Tells the client that the broker stops, and ends the connection when it has answered. */
  shutDown(): void {
    if (this.#state === 'open') this.#fail(forcedClosure());
    else if (this.#state !== 'closing') this.#socket.destroy();
  }

  /** Carries out a task; what it throws ends this connection, and no other. */
  run(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends the connection without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  tuned(tuning: Tuning): void {
    const { frameMax, heartbeat } = tuning;
    this.#tuning = tuning;
    this.output.frameMax = frameMax;
    this.#reader.maxFrameSize = frameMax;
    if (heartbeat === 0) return;
    this.#heartbeat = new Heartbeat(heartbeat, this.#environment.clock, this);
    this.#heartbeat.start();
  }

  opened({ user, vhost, capabilities }: Opened): void {
    const { turn, tally, memory, maxMessageSize, randomId, offer } = this.#environment;
    this.#limit.cancel();
    this.#state = 'open';
    const blocking = new Blocking(memory, capabilities.has('connection.blocked'), this);
    this.#blocking = blocking;
    this.#session = new Session({
      vhost,
      user,
      output: this.output,
      turn,
      tally,
      cancelNotify: capabilities.has('consumer_cancel_notify'),
      randomId,
      channelMax: this.#tuning?.channelMax ?? offer.channelMax,
      maxMessageSize,
      onPublish: () => blocking.published(),
      run: (task) => this.run(task),
    });
  }

  blockedChanged(): void {
    this.#applyReading();
    // The alarm ended in the middle of what somebody else does.
    if (!this.#reader.held) this.#environment.turn.defer(() => this.#push(NOTHING));
  }

  takeWritten(): boolean {
    return this.output.takeWritten();
  }

  takeRead(): boolean {
    const read = this.#read;
    this.#read = false;
    return read;
  }

  send(): void {
    this.output.heartbeat();
  }

  silent(): void {
    this.#environment.log.warn(
      { client: this.#socket.remotePort },
      `missed heartbeats from client, timeout: ${this.#tuning?.heartbeat ?? 0}s`,
    );
    this.#cutOff();
  }

  #data(chunk: Buffer): void {
    this.#environment.turn.open();
    this.#read = true;
    this.#push(this.#state === 'greeting' ? this.#greet(chunk) : chunk);
    if (this.output.overfull) this.#applyReading();
  }

  /** Handles frames, those of a chunk and those that were held. */
  #push(chunk: Buffer): void {
    for (let rest = chunk; ; rest = NOTHING) {
      try {
        this.#reader.push(rest);
        break;
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  /** Reads the protocol header and returns what comes behind it. */
  #greet(chunk: Buffer): Buffer {
    const greeting = this.#protocolHeader.push(chunk);
    switch (greeting.kind) {
      case 'unfinished':
        return NOTHING;
      case 'agreed':
        this.#state = 'handshake';
        this.#handshake.begin();
        return greeting.rest;
      case 'foreign':
        // Something else is spoken here: the answer says what would be understood.
        this.output.close();
        this.#state = 'closing';
        this.#socket.end(PROTOCOL_HEADER);
        return NOTHING;
      default:
        return assertNever(greeting);
    }
  }

  #frame(type: number, channel: number, payload: Buffer): void {
    if (this.#state === 'closing' || this.#state === 'closed') {
      this.#lastFrame(type, channel, payload);
    } else if (channel === 0) {
      this.#controlFrame(type, payload);
    } else if (this.#session === undefined) {
      throw unexpectedFrame(type, payload);
    } else {
      this.#session.frame(type, channel, payload);
    }
  }

  /** Takes a frame of channel 0. */
  #controlFrame(type: number, payload: Buffer): void {
    const method = controlMethod(type, payload);
    if (method === undefined) return;
    try {
      this.#control(method);
    } catch (error) {
      if (error instanceof AmqpError && error.replyCode !== ACCESS_REFUSED) error.method = methodIds(method.name);
      throw error;
    }
  }

  #control(method: Method): void {
    if (this.#state !== 'open') {
      this.#handshake.handle(method);
      return;
    }
    switch (method.name) {
      case 'connection.close':
        this.#endSession();
        this.output.method(0, 'connection.close-ok', {});
        this.#startClosing(CLOSE_LIMIT_MS);
        break;
      case 'connection.update-secret':
        // Whoever is in stays in, as with RabbitMQ's own users: a secret counts when a connection is opened.
        this.output.method(0, 'connection.update-secret-ok', {});
        break;
      default:
        this.#handshake.handle(method);
    }
  }

  /** Takes the answer to connection.close, or crosses with the client's own. */
  #lastFrame(type: number, channel: number, payload: Buffer): void {
    const word = lastWord(type, channel, payload);
    if (word === 'close') this.output.method(0, 'connection.close-ok', {});
    if (word !== 'close-ok') return;
    this.output.flush();
    this.#socket.end();
  }

  /** Ends the connection for a mistake of the client, or one of this broker, which must not disturb others. */
  #fail(thrown: unknown): void {
    const error = thrown instanceof AmqpError ? thrown : internalError(thrown);
    const { log } = this.#environment;
    const client = this.#socket.remotePort;
    if (error !== thrown) log.error({ err: thrown, client }, 'a connection failed in an unforeseen way');
    else log.warn({ client }, `connection closed: ${error.message}`);
    if (this.#state === 'closing' || this.#state === 'closed') return;
    const told = this.#handshake.tells(error);
    this.#endSession();
    if (told) this.output.method(0, 'connection.close', closeArguments(error));
    // Where the client is not told, or where its frames cannot be told apart any more, no answer will come.
    this.#startClosing(told && !this.#reader.broken ? CLOSE_LIMIT_MS : REFUSAL_DELAY_MS);
  }

  #startClosing(limitMs: number): void {
    this.#state = 'closing';
    this.#leave();
    // The client's last words are wanted, whatever it may not do any more.
    this.#applyReading();
    this.#limit.cancel();
    this.#limit = this.#environment.clock.setTimer(() => this.#cutOff(), limitMs);
  }

  /** Ends the connection with a reset, as RabbitMQ does: an end would look as if what is sent next still arrives. */
  #cutOff(): void {
    // A socket whose end is under way cannot be reset (EINVAL), and would stay open for it.
    if (this.#socket.writableEnded) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  /** A client is not read while it may not publish, and while it does not take its answers. */
  #applyReading(): void {
    const blocked = this.#blocking?.blocked === true;
    this.#reader.held = blocked;
    // Who is not read cannot be heard.
    if (this.#heartbeat !== undefined) this.#heartbeat.paused = blocked;
    if (blocked || this.output.overfull) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #drained(): void {
    this.#applyReading();
    if (this.output.takeRefused()) this.#session?.wakeAll();
  }

  /** The client says no more: what it held is for others, also when it never reads what is still to be written. */
  #ended(): void {
    if (this.#state !== 'open') return;
    this.#endSession();
    this.output.flush();
    this.#startClosing(CLOSE_LIMIT_MS);
  }

  /** Ends what the client had here. Nobody else is to suffer when that fails. */
  #endSession(): void {
    try {
      this.#session?.end();
    } catch (error) {
      this.#environment.log.error({ err: error }, 'the end of a connection failed in an unforeseen way');
    }
  }

  /** No longer part of what goes on in the broker. */
  #leave(): void {
    this.#blocking?.stop();
    this.#blocking = undefined;
    this.#heartbeat?.stop();
  }

  #close(): void {
    this.#state = 'closed';
    this.#leave();
    this.#limit.cancel();
    this.output.close();
    this.#endSession();
  }
}

const NOTHING: Buffer = Buffer.alloc(0);
const ACCESS_REFUSED = 403;
