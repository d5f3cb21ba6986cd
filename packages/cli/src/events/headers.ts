import type { Headers, HeaderValue } from '@tq/core/internal';
import { UsageError } from '../usage.js';

/**
 * The headers of words such as `region=eu`. What JSON reads as a number, true, false or null is that, since a broker
 * compares types too; quoted, it is text.
 * @throws {UsageError}
 */
export function parseHeaders(option: string, words: readonly string[], command: string): Headers | undefined {
  if (words.length === 0) return undefined;
  const headers: Record<string, HeaderValue> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1) throw new UsageError(`--${option}: expected NAME=VALUE such as region=eu, found '${word}'.`, command);
    headers[word.slice(0, at)] = typedValue(word.slice(at + 1));
  }
  return headers;
}

function typedValue(text: string): HeaderValue {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? text : (value as HeaderValue);
  } catch {
    return text;
  }
}
