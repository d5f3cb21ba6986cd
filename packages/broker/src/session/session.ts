import { AmqpError } from '../errors.js';
import type { VirtualHost } from '../model/virtual-host.js';
import { BASIC_CLASS, CONTENT_HEADER_SIZE, FRAME } from '../wire/constants.js';
import { ContentAssembler } from '../wire/content.js';
import { frameError, methodExpected, unexpectedFrame } from '../wire/frame-errors.js';
import { decodeMethod, type Method, type MethodArguments, methodIds } from '../wire/methods.js';
import { Channel, type ChannelHost } from './channel.js';
import { closeArguments } from './close-method.js';
import { dispatch } from './dispatch.js';
import type { Output } from './output.js';
import { publish } from './publishing.js';
import type { Tally } from './tally.js';
import type { Turn } from './turn.js';

/** What an opened connection works with. */
export interface SessionOptions {
  readonly vhost: VirtualHost;
  readonly user: string;
  readonly output: Output;
  readonly turn: Turn;
  readonly tally: Tally;
  /** The client wants to hear of consumers that end with their queue. */
  readonly cancelNotify: boolean;
  readonly randomId: () => string;
  /** Most channels at a time. */
  readonly channelMax: number;
  /** Largest body, bytes. */
  readonly maxMessageSize: number;
  /** A message is arriving. */
  readonly onPublish: () => void;
  /** Carries out a task that was put off; what it throws ends the connection. */
  readonly run: (task: () => void) => void;
}

/** A channel and the message that is arriving on it. */
interface Slot {
  readonly channel: Channel;
  readonly assembler: ContentAssembler;
  /** The publish whose content is still to come. */
  publishing: MethodArguments<'basic.publish'> | undefined;
}

/** The channels of an opened connection. It owns the exclusive queues that are declared on them. */
export class Session implements ChannelHost {
  readonly vhost: VirtualHost;
  readonly user: string;
  readonly output: Output;
  readonly turn: Turn;
  readonly tally: Tally;
  readonly cancelNotify: boolean;
  readonly randomId: () => string;
  readonly run: (task: () => void) => void;
  readonly #options: SessionOptions;
  readonly #slots = new Map<number, Slot>();

  constructor(options: SessionOptions) {
    this.vhost = options.vhost;
    this.user = options.user;
    this.output = options.output;
    this.turn = options.turn;
    this.tally = options.tally;
    this.cancelNotify = options.cancelNotify;
    this.randomId = options.randomId;
    this.run = options.run;
    this.#options = options;
  }

  get channelCount(): number {
    return this.#slots.size;
  }

  /**
   * Takes a frame of a channel from 1 on. The client's mistakes that concern the channel alone are answered here.
   * @throws {AmqpError} for a mistake that ends the connection
   */
  frame(type: number, number: number, payload: Buffer): void {
    const slot = this.#slots.get(number) ?? this.#create(number);
    try {
      if (slot.publishing !== undefined) this.#contentFrame(slot, slot.publishing, type, payload);
      else this.#methodFrame(slot, type, payload);
    } catch (error) {
      if (!(error instanceof AmqpError) || error.scope !== 'channel') throw error;
      // The client has been told already; a second close could end a later channel of this number.
      if (slot.channel.state === 'closing') return;
      slot.channel.end('closing');
      slot.channel.send('channel.close', closeArguments(error));
    }
  }

  /** The client has taken what was written: consumers may go on. */
  wakeAll(): void {
    for (const { channel } of this.#slots.values()) channel.wakeAll();
  }

  /** Ends all channels, and the exclusive queues go. */
  end(): void {
    // What one of them gives back is not for the others, which end as well.
    for (const { channel } of this.#slots.values()) channel.state = 'closed';
    for (const { channel } of this.#slots.values()) channel.end('closed');
    this.#slots.clear();
    this.vhost.releaseOwner(this);
  }

  #create(number: number): Slot {
    const { channelMax, maxMessageSize } = this.#options;
    if (this.#slots.size >= channelMax) {
      throw new AmqpError(
        'NOT_ALLOWED',
        `number of channels opened (${this.#slots.size}) has reached the negotiated channel_max (${channelMax})`,
      );
    }
    const channel = new Channel(number, this);
    const slot = { channel, assembler: new ContentAssembler(maxMessageSize), publishing: undefined };
    this.#slots.set(number, slot);
    return slot;
  }

  #contentFrame(slot: Slot, args: MethodArguments<'basic.publish'>, type: number, payload: Buffer): void {
    try {
      if (type === FRAME.header) this.#options.onPublish();
      const content = slot.assembler.frame(type, payload, BASIC_CLASS);
      if (content === undefined) return;
      slot.publishing = undefined;
      if (slot.channel.state === 'closing') return;
      requireOpen(slot.channel);
      publish(slot.channel, args, content);
    } catch (error) {
      slot.publishing = undefined;
      throw named(error, 'basic.publish');
    }
  }

  #methodFrame(slot: Slot, type: number, payload: Buffer): void {
    checkType(type, payload);
    const method = decodeMethod(payload);
    if (method.name === 'basic.publish') {
      slot.publishing = method.args;
      return;
    }
    try {
      if (slot.channel.state === 'closing') this.#handleClosing(slot.channel, method);
      else this.#handle(slot.channel, method);
    } catch (error) {
      throw named(error, method.name);
    }
  }

  /** After an error nothing counts but the client's word that it knows. */
  #handleClosing(channel: Channel, method: Method): void {
    switch (method.name) {
      case 'channel.open':
        throw openedTwice();
      case 'channel.close':
        channel.send('channel.close-ok', {});
        break;
      case 'channel.close-ok':
        this.#slots.delete(channel.number);
        break;
      default:
        break;
    }
  }

  #handle(channel: Channel, method: Method): void {
    switch (method.name) {
      case 'channel.open':
        if (channel.state !== 'starting') throw openedTwice();
        channel.state = 'open';
        channel.send('channel.open-ok', { reserved1: Buffer.alloc(0) });
        break;
      case 'channel.close':
        requireStarted(channel);
        channel.end('closed');
        this.#slots.delete(channel.number);
        channel.send('channel.close-ok', {});
        break;
      default:
        requireOpen(channel);
        dispatch(channel, method);
    }
  }
}

const INTERNAL_ERROR = 541;

function checkType(type: number, payload: Buffer): void {
  if (type === FRAME.method && payload.length >= 4) return;
  if (type === FRAME.heartbeat && payload.length === 0) throw unexpectedFrame(type, payload);
  if (type === FRAME.body || (type === FRAME.header && payload.length >= CONTENT_HEADER_SIZE)) throw methodExpected();
  throw frameError(type, payload, 'unknown_frame');
}

function requireStarted(channel: Channel): void {
  if (channel.state === 'starting') throw new AmqpError('CHANNEL_ERROR', "expected 'channel.open'");
}

function requireOpen(channel: Channel): void {
  requireStarted(channel);
  if (channel.mode.kind === 'tx' && channel.mode.transaction.state === 'committing') {
    throw new AmqpError('CHANNEL_ERROR', "unexpected command while processing 'tx.commit'");
  }
}

function openedTwice(): AmqpError {
  return new AmqpError('CHANNEL_ERROR', "second 'channel.open' seen");
}

/** Notes which method an error is about; RabbitMQ does not say it of its own failures. */
function named(error: unknown, name: Method['name']): unknown {
  if (error instanceof AmqpError && error.replyCode !== INTERNAL_ERROR) error.method = methodIds(name);
  return error;
}
