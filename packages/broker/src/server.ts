import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { type Clock, guardedClock, SYSTEM_CLOCK } from './clock.js';
import { BrokerError } from './errors.js';
import { type BrokerState, inspect } from './inspect.js';
import type { Environment } from './model/environment.js';
import { MemoryGauge } from './model/memory-gauge.js';
import { restoreVhosts } from './model/restore.js';
import type { Store, StoredState } from './model/store.js';
import type { VirtualHost } from './model/virtual-host.js';
import { type BrokerOptions, type ResolvedOptions, resolveOptions } from './options.js';
import { Connection } from './session/connection.js';
import type { ConnectionEnvironment } from './session/connection-environment.js';
import type { Tally } from './session/tally.js';
import { Turn } from './session/turn.js';
import type { OpenedStore } from './store/open-lmdb-store.js';
import { openStore, type StoreOptions } from './store/open-store.js';
import { WireContent } from './wire/content.js';

/** A broker that runs. */
export interface Broker {
  /** Where clients connect: `amqp://user:password@host:port`, with the first user and the first address. */
  readonly url: string;
  /**
   * Resolves when the data folder can no longer be written (its disk is full, say). The broker has ended all connections
   * then and takes no new ones: nothing is confirmed that would not be kept. What was confirmed is there at the next start.
   */
  readonly failed: Promise<BrokerError>;
  /** Tells the clients, ends their connections, writes everything to disk and closes the port. May be called again. */
  stop(): Promise<void>;
  /** What the broker holds now. */
  inspect(): BrokerState;
}

/** How long clients may take to answer when the broker stops, ms. */
const STOP_LIMIT_MS = 1_000;

/**
 * Starts a broker and resolves when it takes connections.
 * @throws {BrokerError} `unknown-option`, `invalid-option`; `listen-failed` when the port or the address is not to be
 *   had; `data-in-use`, `store-failed` for the data folder
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const resolved = resolveOptions(options);
  const failure = createFailure();
  const opened = await openStore(storeOptions(resolved, failure.report));
  let broker: RunningBroker | undefined;
  try {
    broker = new RunningBroker(resolved, opened, failure.reported);
    await broker.listen();
    return broker;
  } catch (error) {
    // The timers of what was restored must not outlive the store, which says so again when it has failed.
    await (broker?.stop() ?? opened.store.close()).catch(() => undefined);
    throw error;
  }
}

/** Where a broker listens, as it is written in a URL. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** The composition root: virtual hosts, listeners and connections of one broker. */
class RunningBroker implements Broker {
  readonly #options: ResolvedOptions;
  readonly #store: Store;
  /** Undefined when nothing is kept. */
  readonly #dataDir: string | undefined;
  readonly #vhosts: ReadonlyMap<string, VirtualHost>;
  readonly #connections = new Set<Connection>();
  readonly #environment: ConnectionEnvironment;
  readonly #tally: Tally = { published: 0, delivered: 0, acknowledged: 0 };
  readonly #memory: MemoryGauge;
  readonly #clock: Clock;
  readonly failed: Promise<BrokerError>;
  #servers: readonly Server[] = [];
  /** The first one is the one that had to be had. */
  #addresses: readonly Address[] = [];
  #disconnecting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: ResolvedOptions, { store, state, durable }: OpenedStore, storeFailure: Promise<BrokerError>) {
    this.#options = options;
    this.#store = store;
    this.#dataDir = durable ? options.dataDir : undefined;
    this.#memory = new MemoryGauge(options.limits.memory);
    const onError = (error: unknown) =>
      options.logger.error({ err: error }, 'a task of the broker failed in an unforeseen way');
    this.#clock = guardedClock(SYSTEM_CLOCK, onError);
    this.#vhosts = this.#createVhosts(state);
    const { limits, users, logger } = options;
    this.#environment = {
      users,
      vhosts: this.#vhosts,
      offer: { channelMax: limits.channels, frameMax: limits.frameSize, heartbeat: limits.heartbeat },
      clock: this.#clock,
      turn: new Turn(onError),
      tally: this.#tally,
      memory: this.#memory,
      log: logger,
      maxMessageSize: limits.messageSize,
      randomId,
    };
    this.failed = storeFailure.then((error) => this.#giveUp(error));
  }

  get url(): string {
    const { users, vhosts } = this.#options;
    const url = new URL('amqp://localhost');
    const [address] = this.#addresses;
    url.host = `${address?.host}:${address?.port}`;
    [[url.username, url.password]] = [...users.entries()] as [[string, string]];
    if (vhosts[0] !== '/') url.pathname = `/${encodeURIComponent(vhosts[0] ?? '')}`;
    return url.href;
  }

  async listen(): Promise<void> {
    const [first = '127.0.0.1', ...others] = this.#options.hosts;
    const { port } = await this.#listenOn(first, this.#options.port);
    // A machine without IPv6 has no ::1.
    for (const host of others) await this.#listenOn(host, port).catch(() => undefined);
  }

  inspect(): BrokerState {
    return inspect({
      vhosts: [...this.#vhosts.values()],
      connections: [...this.#connections],
      memory: this.#memory,
      tally: this.#tally,
      listening: this.#addresses.map(({ host, port }) => `${host}:${port}`),
      dataDir: this.#dataDir,
    });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#disconnect();
    await this.#store.close();
  }

  async #giveUp(error: BrokerError): Promise<BrokerError> {
    this.#options.logger.error({ err: error }, error.message);
    await this.#disconnect();
    return error;
  }

  /** From now on nothing comes in, and nothing goes on by itself. */
  #disconnect(): Promise<void> {
    this.#disconnecting ??= this.#endConnections();
    return this.#disconnecting;
  }

  async #endConnections(): Promise<void> {
    const closed = this.#servers.map((server) => once(server, 'close'));
    for (const server of this.#servers) server.close();
    const connections = [...this.#connections];
    for (const connection of connections) connection.shutDown();
    const limit = SYSTEM_CLOCK.setTimer(() => {
      for (const connection of connections) connection.destroy();
    }, STOP_LIMIT_MS);
    await Promise.all([...connections.map(({ ended }) => ended), ...closed]);
    limit.cancel();
    for (const vhost of this.#vhosts.values()) vhost.stopTimers();
  }

  #createVhosts(state: StoredState): ReadonlyMap<string, VirtualHost> {
    let { nextQueueId, nextPosition } = state;
    const environment: Environment = {
      clock: this.#clock,
      store: this.#store,
      memory: this.#memory,
      nextQueueId: () => nextQueueId++,
      nextPosition: () => nextPosition++,
      randomId,
    };
    return restoreVhosts(this.#options.vhosts, state, environment);
  }

  async #listenOn(host: string, port: number): Promise<Address> {
    const server = createServer((socket) => {
      const connection = new Connection(socket, this.#environment);
      this.#connections.add(connection);
      void connection.ended.then(() => this.#connections.delete(connection));
    });
    server.listen({ port, host });
    try {
      await once(server, 'listening');
    } catch (error) {
      throw listenFailed(host, port, error as NodeJS.ErrnoException);
    }
    // Without a listener, a connection that cannot be accepted (too many open files) would end the process.
    server.on('error', (error) =>
      this.#options.logger.warn({ err: error }, `a connection could not be accepted: ${error.message}`),
    );
    const found = server.address() as AddressInfo;
    const address = { host: found.family === 'IPv6' ? `[${found.address}]` : found.address, port: found.port };
    this.#servers = [...this.#servers, server];
    this.#addresses = [...this.#addresses, address];
    return address;
  }
}

/** A failure of the store, which may come before there is a broker. */
function createFailure(): { readonly reported: Promise<BrokerError>; readonly report: (error: BrokerError) => void } {
  let report: (error: BrokerError) => void = () => undefined;
  const reported = new Promise<BrokerError>((resolve) => {
    report = resolve;
  });
  return { reported, report };
}

function storeOptions({ dataDir, logger }: ResolvedOptions, onError: (error: BrokerError) => void): StoreOptions {
  if (dataDir === undefined) return { memory: true };
  return {
    dataDir,
    logger,
    clock: SYSTEM_CLOCK,
    restoreContent: (bytes, bodyOffset) => new WireContent(bytes, bodyOffset),
    onError,
  };
}

/** 128 random bits in 22 characters. */
function randomId(): string {
  return randomBytes(16).toString('base64url');
}

function listenFailed(host: string, port: number, cause: NodeJS.ErrnoException): BrokerError {
  const where = `${host}:${port}`;
  const found =
    cause.code === 'EADDRINUSE'
      ? 'something that listens there already (a RabbitMQ, or another broker): stop it, or take another port'
      : `${cause.message}: take another address or port`;
  return new BrokerError('listen-failed', `Expected to listen on ${where}, found ${found}.`, { cause });
}
