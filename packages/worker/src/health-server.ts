import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { refuseUnknownKeys, requireInteger, TqError } from '@tq/core/internal';
import type { WorkerHealth } from './health.js';

/** Where a health server listens. */
export interface HealthServerOptions {
  /** 0 takes a free one. Default: 8081. */
  readonly port?: number | undefined;
  /** Address to listen on; a probe from another machine or container needs `0.0.0.0` or `::`. Default: `127.0.0.1`. */
  readonly host?: string | undefined;
}

/** A server that listens. It holds no process alive. */
export interface HealthServer extends AsyncDisposable {
  /** The port that it has. */
  readonly port: number;
  /** The address that it listens on. */
  readonly host: string;
  /** Closes the port and its connections. Idempotent. */
  stop(): Promise<void>;
}

type Answer = (health: WorkerHealth) => { readonly status: number; readonly body: string };

const PATHS: Readonly<Record<string, Answer>> = {
  '/live': ({ state }) => word(state !== 'stopped', state),
  '/ready': ({ healthy, state }) => word(healthy, healthy ? 'ready' : `not ready: ${state}`),
  '/health': report,
  '/': report,
};

/**
 * Answers probes over HTTP: `/live` (200 while the event loop turns and the worker has not stopped), `/ready` (200 only
 * while it is healthy, else 503), `/` and `/health` (its health as JSON, with the status of `/ready`). Start it before
 * the worker and stop it last.
 * @throws {TqError} `listen-failed` when the port is in use or not allowed; `unknown-option`, `invalid-option`
 */
export async function startHealthServer(
  worker: { health(): WorkerHealth },
  options: HealthServerOptions = {},
): Promise<HealthServer> {
  refuseUnknownKeys(options, ['port', 'host'], 'startHealthServer');
  const host = options.host ?? '127.0.0.1';
  const wanted = requireInteger(options.port ?? 8081, 'port', { min: 0, max: 65_535 });
  // Loaded by who wants it alone: it is a tenth of a worker's start.
  const { createServer } = await import('node:http');
  const server = createServer((request, response) => answer(worker, request, response));
  const port = await listen(server, wanted, host);
  server.unref();
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= close(server);
    return stopping;
  };
  return { port, host, stop, [Symbol.asyncDispose]: stop };
}

function answer(worker: { health(): WorkerHealth }, { method, url = '' }: IncomingMessage, to: ServerResponse): void {
  const path = url.replace(/\?.*/s, '');
  const known = method === 'GET' || method === 'HEAD' ? Object.hasOwn(PATHS, path) : false;
  const { status, body } = known
    ? (PATHS[path] as Answer)(worker.health())
    : { status: 404, body: `expected GET or HEAD of ${Object.keys(PATHS).join(', ')}\n` };
  const type = body.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8';
  const length = Buffer.byteLength(body);
  to.writeHead(status, { 'content-type': type, 'content-length': length, 'cache-control': 'no-store' });
  to.end(method === 'HEAD' ? undefined : body);
}

function word(good: boolean, text: string): ReturnType<Answer> {
  return { status: good ? 200 : 503, body: `${text}\n` };
}

function report(health: WorkerHealth): ReturnType<Answer> {
  return { status: health.healthy ? 200 : 503, body: `${JSON.stringify(health)}\n` };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'it is in use; choose another one, or 0 for any' : cause.message;
      const text = `No health server on port ${port} of ${host}: ${why}.`;
      reject(new TqError('listen-failed', text, { cause }));
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
