import type { RemoteError } from '../errors.js';
import { decodeForeignBody, type ForeignFormat } from './foreign-body.js';
import type { InboundMessage } from './message.js';
import { PLAIN_ERROR_HEADER } from './names.js';

/** What a program answered to a plain call. */
export type PlainAnswer =
  | { readonly kind: 'value'; readonly value: unknown }
  /** A worker of tq's says that its task failed. */
  | { readonly kind: 'error'; readonly error: RemoteError };

/**
 * Reads an answer: an error where the header `tq-error` names one.
 * @throws {TqError} `poison` when the body is none of this format
 */
export function decodePlainAnswer({ properties, body }: InboundMessage, format: ForeignFormat): PlainAnswer {
  const name = properties.headers?.[PLAIN_ERROR_HEADER];
  if (typeof name !== 'string') return { kind: 'value', value: decodeForeignBody(body, format) };
  const message = errorText(body.toString('utf8'), name);
  return { kind: 'error', error: { name, message, stack: undefined, code: undefined, cause: undefined } };
}

/** Of `{"error":{"type","message"}}` or `Name: message`; whatever else is there is the text itself. */
function errorText(text: string, name: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: unknown } };
    if (typeof error?.message === 'string') return error.message;
  } catch {
    // Text, then.
  }
  const head = `${name}: `;
  return text.startsWith(head) ? text.slice(head.length) : text;
}
