/** Connections of a test, who listens to them, and brokers that misbehave. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { freePort } from '../../../../scripts/ports.js';
import { Connection, type ConnectionOptions, type Link, type LinkUser } from '../../src/broker/connection.js';
import type { TestRuntime } from '../test-runtime.js';

/** A connection that is closed after its test. */
export function connectionTo(
  urls: readonly string[],
  runtime: TestRuntime,
  more: Partial<ConnectionOptions> = {},
): Connection {
  const options = { urls, role: 'test', heartbeatS: 10, connectTimeoutMs: 5_000, runtime, ...more };
  const connection = new Connection(options);
  onTestFinished(() => connection.close());
  return connection;
}

/** A user that keeps what it is told. */
export class Witness implements LinkUser {
  readonly heard: string[] = [];
  readonly links: Link[] = [];
  readonly #watchers = new Set<() => void>();

  linkUp(link: Link): void {
    this.links.push(link);
    this.#hear(`up ${link.epoch}`);
  }

  linkDown(): void {
    this.#hear('down');
  }

  linkBlocked(blocked: boolean): void {
    this.#hear(blocked ? 'blocked' : 'unblocked');
  }

  /** Resolves when it has been told this. */
  until(what: string): Promise<void> {
    return new Promise((resolve) => {
      const watch = () => {
        if (!this.heard.includes(what)) return;
        this.#watchers.delete(watch);
        resolve();
      };
      this.#watchers.add(watch);
      watch();
    });
  }

  #hear(what: string): void {
    this.heard.push(what);
    for (const watch of [...this.#watchers]) watch();
  }
}

/** A URL that nobody listens at. */
export async function refusedUrl(): Promise<string> {
  return `amqp://guest:secret@127.0.0.1:${await freePort()}`;
}

/** A TCP server that accepts and never says a word. */
export async function muteServer(): Promise<{ url: string; accepted: Promise<Socket> } & AsyncDisposable> {
  const server = createServer();
  const sockets: Socket[] = [];
  const accepted = once(server, 'connection').then(([socket]) => socket as Socket);
  server.on('connection', (socket) => sockets.push(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `amqp://guest:secret@127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    accepted,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A line that tells of a failed attempt or a lost connection. */
export const isRetry = (line: { fields: Record<string, unknown> }) => 'retryInMs' in line.fields;
