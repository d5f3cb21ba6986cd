import { hostname } from 'node:os';
import type { ChannelModel } from 'amqplib';
import { credentialsFor, type Login } from './login.js';
import { readTls, type TlsOptions } from './tls-options.js';

export interface DialOptions {
  /** What the connection is for, shown by the broker as its name beside host and pid. */
  readonly role: string;
  readonly timeoutMs: number;
  readonly login: Login;
  readonly tls: TlsOptions;
}

/**
 * Reads what `dial` will read, so that a file that is not there is known before anything connects.
 * @throws {TqError} `invalid-option`
 */
export function checkDial(url: string, { login, tls }: Pick<DialOptions, 'login' | 'tls'>): void {
  if (isSecure(url)) readTls(tls);
  if (login.auth === 'password') credentialsFor(url, login);
}

/**
 * Opens one connection: TCP, TLS where the URL says `amqps`, login, virtual host. Certificates and passwords are read
 * anew each time. amqplib is loaded with the first one: children of a pool never connect, and it is half of their start.
 */
export async function dial(url: string, { role, timeoutMs, login, tls }: DialOptions): Promise<ChannelModel> {
  const { connect, credentials } = await import('amqplib');
  const secure = isSecure(url) ? readTls(tls) : {};
  return connect(url, {
    ...secure,
    credentials: login.auth === 'certificate' ? credentials.external() : plain(credentials, url, login),
    // Nagle holds small frames back 40 ms whenever acks and publishes share a socket.
    noDelay: true,
    keepAlive: true,
    timeout: timeoutMs,
    clientProperties: { connection_name: `tq ${role} ${hostname()} ${process.pid}` },
  });
}

function plain(credentials: typeof import('amqplib').credentials, url: string, login: Login) {
  const { username, password } = credentialsFor(url, login);
  return credentials.plain(username, password);
}

function isSecure(url: string): boolean {
  return url.startsWith('amqps:');
}
