import { DEFAULT_URL, maskUrl } from './broker-url.js';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** Why there is no connection, in one line without a password; where a broker of one's own would listen, how to start it. */
export function describeConnectFailure(url: string, cause: Error): string {
  const code = (cause as { code?: unknown }).code;
  if (code === 'ECONNREFUSED' && isDefaultAddress(url)) {
    return `No broker at ${new URL(DEFAULT_URL).host}: start one with \`tq broker\`, or set TQ_URL.`;
  }
  // Node's AggregateError of a host with several addresses has no message of its own.
  const why = cause.message === '' ? String(code ?? cause.name) : cause.message;
  return `No connection to ${maskUrl(url)}: ${why}`;
}

function isDefaultAddress(url: string): boolean {
  const { protocol, hostname, port } = new URL(url);
  const wanted = new URL(DEFAULT_URL).port;
  return protocol === 'amqp:' && LOOPBACK.includes(hostname) && (port === '' || port === wanted);
}
