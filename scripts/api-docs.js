// @ts-check
/** Runs the generator of the API reference (`scripts/api-docs/typedoc.json` says what it demands). */
import { join } from 'node:path';
import { capture } from './run.js';
import { ROOT } from './services-node.js';

const FOLDER = join(ROOT, 'scripts', 'api-docs');
const TYPEDOC = join(FOLDER, 'node_modules', 'typedoc', 'bin', 'typedoc');

/**
 * Reads the public names of the packages with their comments; needs the packages built.
 * @param {string | undefined} out folder to write to; undefined only checks
 * @param {string} [options] the generator's options, a file
 * @returns {{ code: number, output: string }} 0 when every public name has its comment
 */
export function readApi(out, options = join(FOLDER, 'typedoc.json')) {
  const where = out === undefined ? ['--emit', 'none'] : ['--out', out];
  return capture(process.execPath, [TYPEDOC, '--options', options, ...where]);
}
