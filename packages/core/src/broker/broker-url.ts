import { TqError } from '../errors.js';

/** Where a broker is when nobody says otherwise. */
export const DEFAULT_URL = 'amqp://guest:guest@127.0.0.1:5672';

/**
 * Checks a broker's URL and adds the heartbeat that is wished for, unless the URL has one of its own.
 * @param heartbeatS seconds
 * @throws {TqError} `invalid-option`; the text shows the URL without its password
 */
export function brokerUrl(url: string, heartbeatS: number): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    // Without the cause, which carries the whole URL.
    throw new TqError('invalid-option', `url: expected amqp://user:password@host:port/vhost, found '${maskUrl(url)}'.`);
  }
  if (parsed.protocol !== 'amqp:' && parsed.protocol !== 'amqps:') {
    throw new TqError(
      'invalid-option',
      `url: expected the scheme amqp or amqps, found '${parsed.protocol.slice(0, -1)}'.`,
    );
  }
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(heartbeatS));
  return parsed.href;
}

/** A URL as logs and errors may show it: user and host, no password, no query. */
export function maskUrl(url: string): string {
  try {
    const { protocol, username, host, pathname, search, hash } = new URL(url);
    // A password with a bare '/', '?' or '#' is read as what comes after the host.
    if (/@/.test(pathname + search + hash)) return withoutCredentials(url);
    return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname === '/' ? '' : pathname}`;
  } catch {
    return withoutCredentials(url);
  }
}

function withoutCredentials(url: string): string {
  const masked = url.includes('@')
    ? url.replace(/^(.*?\/\/)?.*@/s, '$1…@')
    : url.replace(/\/\/[^/:]*:(?!\d{1,5}([/?#]|$)).*/s, '//…');
  return masked.replace(/\?.*/s, '');
}
