// @ts-check
/**
 * `npm run docs`: writes the tables of docs/events.md and the API reference, made of the doc comments of every public name, to docs/api/ (HTML, not in
 * git). Fails, as `npm run check` does, on a public name without a comment, on a link that leads nowhere, and on a type
 * that is used in public and not exported.
 */
import { join } from 'node:path';
import { readApi } from './api-docs.js';
import { writeEvents } from './docs-events.js';
import { installAndBuild } from './install.js';
import { runScript } from './run.js';
import { ROOT } from './services-node.js';

await runScript('docs', () => {
  installAndBuild();
  writeEvents();
  const out = join(ROOT, 'docs', 'api');
  const { code, output } = readApi(out);
  if (code === 0) console.log(`docs: open ${join(out, 'index.html')}`);
  else console.error(output.trimEnd());
  return code;
});
