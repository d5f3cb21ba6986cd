// @ts-check
/**
 * `npm run build`: compiles the packages, then bundles @tq/core. Every worker, command and child loads it, and a few files
 * load in a fifth of the time of the 250 that it is written in. What says where things are in it are source maps.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run, runScript, TOOLS } from './run.js';
import { ROOT } from './services-node.js';

const COMPILED = join(ROOT, 'packages', 'core', 'dist');
const BUNDLED = join(COMPILED, 'bundle');
/** What `exports` of its package.json names. */
const ENTRIES = { index: 'index.js', internal: 'internal.js', testing: join('testing', 'index.js') };

await runScript('build', async () => {
  const code = run(process.execPath, [TOOLS.tsc, '-b']);
  if (code === 0 && isOutOfDate()) await bundle();
  return code;
});

/** The compiler writes its notes whenever it writes anything else. */
function isOutOfDate() {
  const files = Object.keys(ENTRIES).map((name) => join(BUNDLED, `${name}.js`));
  if (!files.every((file) => existsSync(file))) return true;
  const newest = Math.max(
    ...[join(COMPILED, '.tsbuildinfo'), import.meta.filename].map((file) => statSync(file).mtimeMs),
  );
  return files.some((file) => statSync(file).mtimeMs <= newest);
}

async function bundle() {
  // Late: it is the one thing here that an installation brings.
  const { rolldown } = await import('rolldown');
  const input = Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, join(COMPILED, file)]));
  const bundled = await rolldown({
    input,
    platform: 'node',
    // What is CommonJS stays a file of its own: in the bundle it would need `import.meta`, which Jest's CommonJS has not.
    external: (id) => !/^[./]/.test(id) || id.endsWith('.cjs'),
    plugins: [{ name: 'compiled', load: withSourceMap }],
    onLog: (_, { message }) => {
      throw new Error(`expected the bundle of @tq/core to be made without a word, found: ${message}`);
    },
  });
  const names = { entryFileNames: 'bundle/[name].js', chunkFileNames: 'bundle/[name].js' };
  // From the folder above, by which the bundler finds the way from the bundle to what stays outside of it.
  await bundled.write({ dir: COMPILED, ...names, format: 'esm', sourcemap: true, minify: false });
  await bundled.close();
}

/**
 * The compiler's own map, so that the bundle's leads to TypeScript.
 * @param {string} file
 */
function withSourceMap(file) {
  return { code: readFileSync(file, 'utf8'), map: readFileSync(`${file}.map`, 'utf8') };
}
