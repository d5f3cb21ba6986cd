import type { Headers, HeaderValue } from './message.js';

/** Whether all headers of a binding must be met, or any. */
export type HeadersMatch = 'all' | 'any';

/**
 * Whether a headers exchange brings a message to a binding that asks for these headers (AMQP 0-9-1 section 3.1.3.4):
 * null asks for one that is there, whatever its value. Without any, `all` takes every message and `any` none.
 */
export function matchesHeaders(wanted: Headers, match: HeadersMatch, headers: Headers): boolean {
  const meets = ([name, value]: [string, HeaderValue]): boolean => {
    const found = Object.hasOwn(headers, name) ? headers[name] : undefined;
    return value === null ? found !== undefined : found === value;
  };
  const entries = Object.entries(wanted);
  return match === 'any' ? entries.some(meets) : entries.every(meets);
}

/** The arguments of a binding that asks for these headers. */
export function headersArguments(wanted: Headers, match: HeadersMatch): Headers {
  return { ...wanted, 'x-match': match };
}
