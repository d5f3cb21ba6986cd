// @ts-check
/**
 * `npm run check`: format, lint, layers, types, the comments of public names, the texts of options, the table of events,
 * links and promises, one line each; what a failed one printed follows its line. The exit code is 0 only when all are OK.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readApi } from './api-docs.js';
import { checkLayers } from './check-layers.js';
import { checkLinks } from './check-links.js';
import { checkPromises } from './check-promises.js';
import { checkEvents } from './docs-events.js';
import { installDependencies } from './install.js';
import { capture, runScript, TOOLS } from './run.js';
import { ROOT } from './services-node.js';

/** @typedef {{ code: number, output: string }} Result */

/** @type {ReadonlyArray<readonly [name: string, step: () => Result]>} */
const STEPS = [
  ['format', () => biome('format', '--reporter=summary')],
  ['lint', () => biome('check', '--formatter-enabled=false', '--error-on-warnings')],
  ['layers', () => listed(checkLayers(ROOT))],
  ['types of packages', () => capture(process.execPath, [join(ROOT, 'scripts', 'build.js')])],
  ['API comments', () => readApi(undefined)],
  ['texts of options', () => capture(process.execPath, [join(ROOT, 'scripts', 'option-docs.js'), '--check'])],
  ['table of events', checkEvents],
  ['links', () => listed(checkLinks(ROOT))],
  ['promises', () => listed(checkPromises(ROOT))],
  ...['test', 'bench', 'examples']
    .filter((folder) => existsSync(join(ROOT, folder, 'tsconfig.json')))
    .map((folder) => /** @type {const} */ ([`types of ${folder}`, () => tsc('-p', folder)])),
];

await runScript('check', () => {
  installDependencies();
  let failed = 0;
  for (const [name, step] of STEPS) {
    const { code, output } = step();
    console.log(`${name}: ${code === 0 ? 'OK' : 'FAILED'}`);
    if (code === 0) continue;
    failed += 1;
    console.log(output.trimEnd());
  }
  return failed === 0 ? 0 : 1;
});

/** @param {readonly string[]} args */
function biome(...args) {
  return capture(process.execPath, [TOOLS.biome, ...args, '.']);
}

/** @param {readonly string[]} args */
function tsc(...args) {
  return capture(process.execPath, [TOOLS.tsc, ...args]);
}

/**
 * @param {readonly string[]} faults
 * @returns {Result}
 */
function listed(faults) {
  return { code: faults.length === 0 ? 0 : 1, output: faults.join('\n') };
}
