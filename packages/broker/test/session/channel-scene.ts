/** A channel without a connection: what it says is read from the bytes that it writes. */
import type { Socket } from 'node:net';
import type { Queue } from '../../src/model/queue.js';
import { Channel } from '../../src/session/channel.js';
import { dispatch } from '../../src/session/dispatch.js';
import { Output } from '../../src/session/output.js';
import { Turn } from '../../src/session/turn.js';
import { FRAME } from '../../src/wire/constants.js';
import { FrameReader } from '../../src/wire/frame-reader.js';
import { decodeMethod, type MethodArguments, type MethodName } from '../../src/wire/methods.js';
import { type MessageOptions, messageOf } from '../model/messages.js';
import { Scene } from '../model/scene.js';

/** A socket that keeps what is written, and takes it only when a test says so. */
export class StuckSocket {
  readonly written: Buffer[] = [];
  writableLength = 0;

  write(chunk: Buffer): boolean {
    this.written.push(chunk);
    this.writableLength += chunk.length;
    return true;
  }

  cork(): void {}
  uncork(): void {}

  /** Bytes since the last call. */
  take(): Buffer {
    const bytes = Buffer.concat(this.written.splice(0));
    this.writableLength = 0;
    return bytes;
  }
}

/** An open channel. */
export class ChannelScene {
  readonly model = new Scene();
  readonly socket = new StuckSocket();
  readonly output: Output;
  readonly channel: Channel;

  constructor() {
    const turn = new Turn((error) => {
      throw error;
    });
    this.output = new Output(this.socket as unknown as Socket, turn, 131_072);
    this.channel = new Channel(1, {
      vhost: this.model.vhost,
      output: this.output,
      turn,
      tally: { published: 0, delivered: 0, acknowledged: 0 },
      user: 'guest',
      cancelNotify: true,
      randomId: () => 'random',
      run: (task) => task(),
    });
    this.channel.state = 'open';
  }

  /** Does what a client asks for. */
  call<M extends Exclude<MethodName, 'basic.publish'>>(name: M, args: MethodArguments<M>): void {
    dispatch(this.channel, { name, args } as Parameters<typeof dispatch>[1]);
  }

  publish(queue: Queue, body: string, options: MessageOptions = {}): void {
    const message = messageOf(body, { ...options, routingKey: queue.name });
    this.channel.publish({ message, queues: [queue], mandatory: false });
  }

  consume(queue: Queue, consumerTag = queue.name): void {
    const flags = { noLocal: false, noAck: false, exclusive: false, noWait: true };
    this.call('basic.consume', { reserved1: 0, queue: queue.name, consumerTag, ...flags, arguments: [] });
  }

  ack(deliveryTag: number, multiple = false): void {
    this.call('basic.ack', { deliveryTag, multiple });
  }

  /** What the channel has said since the last call: names of methods, and bodies. */
  said(): string[] {
    this.output.flush();
    const lines: string[] = [];
    const reader = new FrameReader((type, _channel, payload) => {
      if (type === FRAME.method) lines.push(decodeMethod(payload).name);
      if (type === FRAME.body) lines.push(payload.toString());
    });
    reader.maxFrameSize = 0;
    reader.push(this.socket.take());
    return lines;
  }
}
