import { TqError } from '../errors.js';

/**
 * The error of a message that is no task's.
 * @param what part of it: `header id`, `body`
 */
export function poison(what: string, expected: string, found: unknown): TqError {
  return new TqError('poison', `Not a task message: expected ${expected} as ${what}, found ${nameOf(found)}.`);
}

function nameOf(found: unknown): string {
  if (found === undefined) return 'none';
  if (typeof found === 'string') return `'${found.slice(0, 64)}'`;
  if (typeof found === 'number') return String(found);
  return found === null ? 'null' : Array.isArray(found) ? 'a list' : typeof found;
}
