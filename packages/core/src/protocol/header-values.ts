import { parseIsoTime } from '../time/iso-time.js';
import { poison } from './poison.js';

/**
 * Values of headers that tell of a task, each of one kind.
 * @throws {TqError} `poison` when it is of another, as all of them
 */
export function requireText(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw poison(`header ${name} (Celery's message protocol 2)`, 'text', value);
}

/** Text; undefined where there is none. */
export function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw poison(`header ${name}`, 'text', value);
}

/** A whole number; 0 where there is none. */
export function count(value: unknown, name: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw poison(`header ${name}`, 'a whole number from 0 on', value);
}

/** ms since the epoch; undefined where there is none. */
export function time(value: unknown, name: string): number | undefined {
  const text = optionalText(value, name);
  if (text === undefined) return undefined;
  const ms = parseIsoTime(text);
  if (ms === undefined) throw poison(`header ${name}`, 'an ISO 8601 time', text);
  return ms;
}
