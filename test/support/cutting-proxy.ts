/**
 * A TCP proxy on loopback that misbehaves on command, for tests of what a network does to a connection: cut, half-open,
 * refused.
 */
import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from '../../scripts/ports.js';

/** What a proxy announces: wait with `once(proxy.events, …)`. */
export interface ProxyEvents {
  /** A client was accepted, also while the proxy is frozen. */
  connected: [];
  /** A client's connection is gone, from whichever end. */
  closed: [];
}

/** A started proxy. */
export interface CuttingProxy extends AsyncDisposable {
  /** The target's URL with the proxy's port. */
  readonly url: string;
  readonly port: number;
  readonly events: EventEmitter<ProxyEvents>;
  /** Client connections that are open now. */
  connections(): number;
  /**
   * Destroys the sockets of every connection with a reset, now, or of those alone whose client has said this text in its
   * first 4 KiB (its connection's name, for instance). New connections are accepted.
   * @returns how many connections were cut
   */
  cut(said?: string): number;
  /**
   * Half-open: sockets stay open and nothing is forwarded either way; new connections are accepted and mute. With a text,
   * as for `cut`, only the connections that are open now and have said it.
   * @returns how many connections are frozen
   */
  freeze(said?: string): number;
  /** Forwards again, what was held back first; connections accepted meanwhile reach the target now. */
  thaw(): void;
  /** Refuses new connections from now on; open ones live on. */
  refuse(): void;
  /** Accepts connections again on the same port. */
  accept(): Promise<void>;
  /** Cuts everything and closes the port. May be called more than once. */
  stop(): Promise<void>;
}

/** Starts a proxy in front of the host and port of an AMQP (or other) URL. */
export async function startProxy(targetUrl: string): Promise<CuttingProxy> {
  const target = new URL(targetUrl);
  const links = new Set<Link>();
  const events = new EventEmitter<ProxyEvents>();
  let frozen = false;
  // Below the range of outgoing connections, so that the port is still ours between refuse and accept.
  const port = await freePort();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const link = new Link(client, () =>
      connect({ port: Number(target.port || 5672), host: target.hostname, noDelay: true, allowHalfOpen: true }),
    );
    links.add(link);
    client.once('close', () => {
      links.delete(link);
      events.emit('closed');
    });
    if (!frozen) link.forward();
    events.emit('connected');
  });
  const listen = async () => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const refuse = () => {
    // The port is closed at once; the server's `close` event comes only after the open connections, hence no wait.
    if (server.listening) server.close();
  };
  const cut = (said = '') => {
    const chosen = [...links].filter((link) => link.hasSaid(said));
    for (const link of chosen) link.cut();
    return chosen.length;
  };
  const stop = async () => {
    refuse();
    const gone = [...links].map(({ client }) => once(client, 'close'));
    cut();
    await Promise.all(gone);
  };
  await listen();
  const url = new URL(targetUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    port,
    events,
    connections: () => links.size,
    cut,
    freeze: (said) => {
      frozen = said === undefined;
      const chosen = [...links].filter((link) => link.hasSaid(said ?? ''));
      for (const link of chosen) link.hold();
      return chosen.length;
    },
    thaw: () => {
      frozen = false;
      for (const link of links) link.forward();
    },
    refuse,
    accept: async () => {
      if (!server.listening) await listen();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Bytes of what a client says first that are kept. */
const KEPT = 4_096;

/** One client connection and, once it is forwarded, its connection to the target. Held or forwarding. */
class Link {
  readonly client: Socket;
  readonly #connect: () => Socket;
  #upstream: Socket | undefined;
  #forwarding = false;
  #said = '';

  constructor(client: Socket, connectUpstream: () => Socket) {
    this.client = client;
    this.#connect = connectUpstream;
    this.#watch(client);
  }

  /** Whether this text is in the first of what the client has sent. */
  hasSaid(text: string): boolean {
    return this.#said.includes(text);
  }

  /** Forwards both ways; the first call connects to the target. What ended while held ends the other side now. */
  forward(): void {
    if (this.#forwarding) return;
    this.#forwarding = true;
    if (this.#upstream === undefined) {
      this.#upstream = this.#connect();
      this.#watch(this.#upstream);
      this.#listen();
    }
    if (this.client.destroyed || this.#upstream.destroyed) {
      this.cut();
      return;
    }
    this.client.pipe(this.#upstream);
    this.#upstream.pipe(this.client);
  }

  /** Stops reading both sockets, so that neither data nor an end passes. */
  hold(): void {
    this.#forwarding = false;
    if (this.#upstream === undefined) return;
    this.client.unpipe(this.#upstream);
    this.#upstream.unpipe(this.client);
  }

  /** Resets both sockets. */
  cut(): void {
    reset(this.client);
    if (this.#upstream !== undefined) reset(this.#upstream);
  }

  /** Keeps the first of what the client says; before any pipe, since a listener makes the data flow. */
  #listen(): void {
    const listen = (data: Buffer) => {
      this.#said += data.toString('latin1');
      if (this.#said.length > KEPT) this.client.off('data', listen);
    };
    this.client.on('data', listen);
  }

  #watch(socket: Socket): void {
    // A reset is an error to a socket; here it is what the test asked for. `close` follows and is handled.
    socket.on('error', () => {});
    socket.once('close', (hadError) => {
      const other = socket === this.client ? this.#upstream : this.client;
      if (!this.#forwarding || other === undefined) return;
      if (hadError) reset(other);
      else other.destroySoon();
    });
  }
}

/** Resets a socket. One whose end is under way cannot be reset (EINVAL), and is only destroyed. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
