/** Connections over real sockets to a virtual host whose clock and store are in the test's hand. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import amqp, { type Channel, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { Connection } from '../../src/session/connection.js';
import type { ConnectionEnvironment } from '../../src/session/connection-environment.js';
import { Turn } from '../../src/session/turn.js';
import { Scene } from '../model/scene.js';

/** What a test may want of the broker's side. */
export interface ConnectionOptions {
  /** Bytes. */
  readonly memoryLimit?: number;
  /** Bytes. */
  readonly maxMessageSize?: number;
}

/** A broker's side, and clients that connect to it. */
export class ConnectionScene implements AsyncDisposable {
  readonly model: Scene;
  readonly connections: Connection[] = [];
  /** What a person would read: levels and texts. */
  readonly log: string[] = [];
  readonly #server = createServer((socket) => this.connections.push(new Connection(socket, this.#environment)));
  readonly #clients: Client[] = [];
  readonly #environment: ConnectionEnvironment;

  constructor({ memoryLimit, maxMessageSize = 1_000_000 }: ConnectionOptions) {
    this.model = new Scene(memoryLimit);
    const note = (level: string) => (_fields: object, text: string) => this.log.push(`${level}: ${text}`);
    let nextId = 1;
    this.#environment = {
      users: new Map([['guest', 'guest']]),
      vhosts: new Map([['/', this.model.vhost]]),
      offer: { channelMax: 2_047, frameMax: 131_072, heartbeat: 0 },
      clock: this.model.clock,
      turn: new Turn((error) => this.log.push(`turn: ${error}`)),
      tally: { published: 0, delivered: 0, acknowledged: 0 },
      memory: this.model.memory,
      log: { info: note('info'), warn: note('warn'), error: note('error') },
      maxMessageSize,
      randomId: () => `random-${nextId++}`,
    };
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** A client; what ends its connection is in `Client.ended`. */
  async connect(): Promise<Client> {
    const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${this.port}`);
    const client = new Client(connection);
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#clients) socket.destroy();
    for (const connection of this.connections) connection.destroy();
    this.#server.close();
  }
}

/** One client's connection. */
export class Client {
  readonly connection: ChannelModel;
  /** The error that ended the connection, or undefined when it ended in order. */
  readonly ended: Promise<Error | undefined>;

  constructor(connection: ChannelModel) {
    this.connection = connection;
    connection.on('error', () => undefined);
    this.ended = new Promise((resolve) => connection.on('close', resolve));
  }

  get socket(): Socket {
    return (this.connection.connection as unknown as { readonly stream: Socket }).stream;
  }

  /** Reads nothing more, until what is returned is called. */
  freeze(): () => void {
    const { socket } = this;
    const listeners = socket.listeners('readable') as (() => void)[];
    socket.removeAllListeners('readable');
    return () => {
      for (const listener of listeners) {
        socket.on('readable', listener);
        listener();
      }
    };
  }

  async channel(): Promise<Channel> {
    const channel = await this.connection.createChannel();
    channel.on('error', () => undefined);
    return channel;
  }
}

export async function openConnections(options: ConnectionOptions = {}): Promise<ConnectionScene> {
  return await new ConnectionScene(options).listen();
}

/** Consumes, and tells the bodies as they come. */
export async function consumeBodies(
  channel: Channel,
  queue: string,
  each: (message: ConsumeMessage) => void = () => undefined,
): Promise<string[]> {
  const bodies: string[] = [];
  await channel.consume(queue, (message) => {
    if (message === null) return;
    bodies.push(message.content.toString());
    each(message);
  });
  return bodies;
}

/** Waits until something is so, looking once a turn of the event loop. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate();
}
