import { unescape as decode } from 'node:querystring';
import { DEFAULT_URL, maskUrl } from './broker-url.js';
import { describeTlsFailure } from './tls-failure.js';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** Why there is no connection, in one line without a password; where a broker of one's own would listen, how to start it. */
export function describeConnectFailure(url: string, cause: Error): string {
  const code = (cause as { code?: unknown }).code;
  if (code === 'ECONNREFUSED' && isDefaultAddress(url)) {
    return `No broker at ${new URL(DEFAULT_URL).host}: start one with \`tq broker\`, or set TQ_URL.`;
  }
  if (cause.message.includes(REFUSED_AT_OPEN)) return `No connection to ${maskUrl(url)}: ${refusedHost(url)}`;
  const tls = describeTlsFailure(url, cause);
  if (tls !== undefined) return `No connection to ${maskUrl(url)}: ${tls}`;
  // Node's AggregateError of a host with several addresses has no message of its own.
  const why = cause.message === '' ? String(code ?? cause.name) : cause.message;
  return `No connection to ${maskUrl(url)}: ${why}`;
}

/** All that amqplib says of a connection.close in answer to connection.open, which carries the virtual host alone. */
const REFUSED_AT_OPEN = 'Expected ConnectionOpenOk; got <ConnectionClose';

function refusedHost(url: string): string {
  const host = decode(new URL(url).pathname.slice(1)) || '/';
  return `the broker does not let this user into the virtual host '${host}': it is not there, or the user has no permission in it.`;
}

function isDefaultAddress(url: string): boolean {
  const { protocol, hostname, port } = new URL(url);
  const wanted = new URL(DEFAULT_URL).port;
  return protocol === 'amqp:' && LOOPBACK.includes(hostname) && (port === '' || port === wanted);
}
