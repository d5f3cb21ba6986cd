import { PublishError } from '../errors.js';
import { checkDestination } from '../protocol/delay-key.js';
import type { Headers } from '../protocol/message.js';
import { exchangeName, isReservedHeader, MAX_NAME_BYTES } from '../protocol/names.js';

/**
 * Checks the name of a call's queue.
 * @param own as it was given
 * @param queue its name on the broker, prefix included
 * @throws {PublishError} `invalid-option`
 */
export function checkQueue(own: unknown, queue: string): void {
  if (typeof own === 'string' && own !== '') {
    checkDestination(queue);
    return;
  }
  const found = own === '' ? 'none' : `a ${typeof own}`;
  throw new PublishError('invalid-option', `queue: expected a name, found ${found}.`);
}

/**
 * Checks that a worker could call a handler with it.
 * @throws {PublishError} `invalid-option`
 */
export function checkArgs(args: unknown): void {
  if (Array.isArray(args)) return;
  throw new PublishError('invalid-option', `arguments: expected a list, found ${args === null ? null : typeof args}.`);
}

/**
 * Checks that a caller's own headers are none of the protocol's.
 * @throws {PublishError} `invalid-option`
 */
export function checkHeaders(headers: Headers | undefined): Headers | undefined {
  for (const name in headers) {
    if (!isReservedHeader(name)) continue;
    throw new PublishError('invalid-option', `headers: '${name}' belongs to the protocol; choose another name.`);
  }
  return headers;
}

/**
 * The name of an exchange on the broker.
 * @param own without the app's prefix
 * @throws {PublishError} `invalid-option` when it is too long
 */
export function fullExchange(prefix: string, own: string): string {
  const name = exchangeName(prefix, own);
  const bytes = Buffer.byteLength(name);
  if (bytes <= MAX_NAME_BYTES) return name;
  const text = `exchange: expected a name of at most ${MAX_NAME_BYTES} bytes with its prefix, found ${bytes} bytes.`;
  throw new PublishError('invalid-option', text);
}
