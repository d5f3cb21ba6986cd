/** A connection and its confirm channels without a broker, for what a real one cannot be made to do on command. */
import { EventEmitter } from 'node:events';
import type { ChannelModel, Options } from 'amqplib';
import type { Connection, Link, LinkUser } from '../../src/broker/connection.js';

/** A publish that reached a channel. */
export interface Written {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: string;
  readonly options: Options.Publish;
  readonly confirm: (error: Error | null) => void;
}

/** amqplib's confirm channel, as far as the publish channel uses it; the test plays the broker. */
export class FakeConfirmChannel extends EventEmitter {
  readonly written: Written[] = [];
  /** What `publish` returns: false is a full write buffer. */
  accepts = true;
  /** What `publish` throws instead of writing. */
  throws: Error | undefined;
  #open: Written[] = [];

  publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    options: Options.Publish,
    confirm: Written['confirm'],
  ): boolean {
    if (this.throws !== undefined) throw this.throws;
    const written = { exchange, routingKey, body: String(content), options, confirm };
    this.written.push(written);
    this.#open.push(written);
    return this.accepts;
  }

  /** Bodies of what was written, in order. */
  get bodies(): string[] {
    return this.written.map(({ body }) => body);
  }

  /** Confirms what was written with this body. */
  confirm(body: string, error: Error | null = null): void {
    const found = this.#open.find((written) => written.body === body);
    if (found === undefined) throw new Error(`expected ${body} to be unconfirmed on the channel`);
    this.#open = this.#open.filter((written) => written !== found);
    found.confirm(error);
  }

  nack(body: string): void {
    this.confirm(body, new Error('message nacked'));
  }

  /** basic.return of what was written with this body. */
  return(body: string): void {
    const found = this.#open.find((written) => written.body === body);
    if (found === undefined) throw new Error(`expected ${body} to be on the channel`);
    const { exchange, routingKey, options } = found;
    const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey };
    this.emit('return', { fields, properties: options, content: Buffer.from(body) });
  }

  drain(): void {
    this.accepts = true;
    this.emit('drain');
  }

  /** As amqplib does it: the open confirms fail, then the channel closes; before both, an error if the broker did it. */
  close(reason?: Error): void {
    if (reason !== undefined) this.emit('error', reason);
    for (const { confirm } of this.#open.splice(0)) confirm(new Error('channel closed'));
    this.emit('close');
  }
}

/** Stands in for a connection; `up` and `down` are the test's. */
export class FakeConnection {
  readonly channels: FakeConfirmChannel[] = [];
  readonly users = new Set<LinkUser>();
  holds = 0;
  opens = 0;
  link: Link | undefined;
  lastError: Error | undefined;
  #epoch = 0;
  #watchers: (() => void)[] = [];

  /** The same under the type that its users ask for, whose private parts it has not. */
  get connection(): Connection {
    return this as unknown as Connection;
  }

  /** The newest channel. */
  get channel(): FakeConfirmChannel {
    const newest = this.channels.at(-1);
    if (newest === undefined) throw new Error('expected a channel, none was opened');
    return newest;
  }

  addUser(user: LinkUser): void {
    this.users.add(user);
    if (this.link !== undefined) user.linkUp(this.link);
  }

  removeUser(user: LinkUser): void {
    this.users.delete(user);
  }

  open(): void {
    this.opens++;
  }

  hold(): () => void {
    this.holds++;
    return () => {
      this.holds--;
    };
  }

  /** Brings a link up, and waits until it has its channel. */
  async up(): Promise<FakeConfirmChannel> {
    const opened = this.nextChannel();
    const createConfirmChannel = async () => {
      const channel = new FakeConfirmChannel();
      this.channels.push(channel);
      // The caller goes on in the next microtask, and whoever waits for the channel after it.
      setImmediate(() => {
        for (const watch of this.#watchers.splice(0)) watch();
      });
      return channel;
    };
    this.lastError = undefined;
    this.link = { epoch: ++this.#epoch, model: { createConfirmChannel } as unknown as ChannelModel };
    for (const user of this.users) user.linkUp(this.link);
    return opened;
  }

  /** Resolves with the next channel that is opened, once its opener knows of it. */
  nextChannel(): Promise<FakeConfirmChannel> {
    return new Promise((resolve) => this.#watchers.push(() => resolve(this.channel)));
  }

  /** Loses the link with its newest channel. */
  down(error = new Error('Connection lost: test')): void {
    this.channels.at(-1)?.close();
    this.link = undefined;
    this.lastError = error;
    for (const user of this.users) user.linkDown(this.lastError);
  }

  block(blocked: boolean): void {
    for (const user of this.users) user.linkBlocked?.(blocked);
  }
}
