import { readFileSync } from 'node:fs';
import { TqError, toError } from '../errors.js';

/**
 * Reads a small text file that an option names: a certificate, a key, a password.
 * @throws {TqError} `invalid-option` naming the option and the file, never its content
 */
export function readOptionFile(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    const cause = toError(thrown);
    const why = (cause as { code?: unknown }).code ?? cause.name;
    throw new TqError('invalid-option', `${option}: expected a file that can be read, found ${why} at '${path}'.`, {
      cause,
    });
  }
}
