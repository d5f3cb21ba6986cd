// @ts-check
/**
 * Fails on an import up the layers or in a circle, type imports included. `node scripts/check-layers.js [FOLDER]` checks
 * a checkout; `npm run check` does it among other things. Needs nothing installed, hence regular expressions: the
 * formatter puts every import at the start of a line.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runScript } from './run.js';
import { ROOT } from './services-node.js';

/**
 * One entry of a package's list: a folder (`time/`) or a file (`errors`), or several of them side by side, none of which
 * imports from another.
 * @typedef {string | readonly string[]} Layer
 */

/**
 * What each package consists of, from the bottom to the top. A file imports from entries before its own, or from its own
 * folder. The longest entry that fits a file is the file's.
 * @type {Readonly<Record<string, { readonly imports: readonly string[], readonly layers: readonly Layer[] }>>}
 */
const PACKAGES = {
  core: {
    imports: [],
    layers: [
      ...['errors', 'deferred', 'nearest', 'options-check', 'observers'],
      ...['time/', 'schema/'],
      'config/',
      ...['runtime', 'protocol/'],
      ['app-events', 'worker-events'],
      'broker/',
      'results/',
      'task/',
      'canvas/',
      'execution/',
      'producer/',
      'events/',
      'plain/',
      'dead-letters/',
      'topology/',
      ...[
        'connection-options',
        'options',
        'worker-config',
        'define-config',
        'app-broker',
        'app-definitions',
        'app-outgoing',
        'app-plain',
        'app-internals',
        'app',
        'default-app',
        'index',
        'internal',
      ],
      'testing/',
    ],
  },
  worker: {
    imports: ['@tq/core', '@tq/core/internal'],
    layers: [
      ...['run', 'freeze-watch', 'load-modules', 'load-app'],
      'pools/',
      'execution/',
      'intake/',
      ...[['consumer-timeouts', 'queue-channels', 'source'], 'consumer', 'consumers'],
      ...['queue-shares', 'slot-plan', 'options', 'sources'],
      ...['health', 'health-server', 'worker-life', 'worker', 'index', 'internal'],
    ],
  },
  broker: {
    imports: [],
    layers: [
      ...['errors', 'clock', 'field-value'],
      ['wire/', 'model/'],
      ['store/', 'session/'],
      ...['options', 'inspect', 'server', 'index'],
    ],
  },
  cli: {
    imports: ['@tq/broker', '@tq/core', '@tq/core/internal', '@tq/worker', '@tq/worker/internal'],
    layers: [
      ...[
        'exit-codes',
        'usage',
        'version',
        'rows',
        'columns',
        'output',
        'signals',
        'arguments',
        'command',
        'note-logger',
        'shell-word',
      ],
      'config/',
      ...[
        'open-app',
        'program',
        'worker/',
        'broker/',
        'watch/',
        'dev/',
        'init/',
        'queues/',
        'dead/',
        'events/',
        'topology/',
        'call/',
        'workflow/',
        'completion/',
        'commands/',
        'parse',
        'run-line',
        'main',
        'generation-program',
      ],
    ],
  },
};

/** Modules that only some places may import: folders, or files without their extension. */
const ONLY_IN = [
  { module: 'amqplib', places: ['packages/core/src/broker/'] },
  { module: 'lmdb', places: ['packages/broker/src/store/'] },
  {
    module: 'node:net',
    places: [
      ...['packages/core/src/broker/', 'packages/broker/src/server', 'packages/broker/src/session/'],
      'packages/cli/src/dev/answers-amqp',
      'packages/worker/src/pools/pipe-link',
    ],
  },
];

/**
 * Checks every package under FOLDER/packages.
 * @param {string} root
 * @returns {string[]} one line a violation, with what to do
 */
export function checkLayers(root) {
  const packages = join(root, 'packages');
  return readdirSync(packages)
    .filter((name) => existsSync(join(packages, name, 'src')))
    .flatMap((name) => checkPackage(root, name));
}

/**
 * @param {string} root
 * @param {string} name
 */
function checkPackage(root, name) {
  const rules = PACKAGES[name];
  if (rules === undefined) return [`packages/${name}: not in the table: add it to PACKAGES in scripts/check-layers.js`];
  const src = join(root, 'packages', name, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.[cm]?tsx?$/.test(file))
    .sort();
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  const violations = files.flatMap((file) => {
    const where = `packages/${name}/src/${file}`;
    if (placeOf(rules.layers, file).level === -1)
      return [`${where}: in no layer: add it to PACKAGES in scripts/check-layers.js`];
    const imports = importsOf(readFileSync(join(src, file), 'utf8'));
    const local = imports.filter((target) => target.startsWith('.')).map((target) => resolve(file, target));
    graph.set(file, local);
    return [
      ...local.flatMap((target) => localViolation(rules.layers, file, target)),
      ...imports
        .filter((target) => !target.startsWith('.'))
        .flatMap((target) => foreignViolation(rules.imports, where, target)),
    ].map((text) => `${where}: ${text}`);
  });
  return [
    ...violations,
    ...circles(graph).map((circle) => `packages/${name}/src: circle: ${circle.join(' > ')}: cut one of them`),
  ];
}

/**
 * @param {readonly Layer[]} layers
 * @param {string} file
 * @param {string} target
 */
function localViolation(layers, file, target) {
  if (target.startsWith('..')) return [`imports ${target}, outside of its package: import the package by its name`];
  const [own, other] = [placeOf(layers, file), placeOf(layers, target)];
  if (other.level < own.level || (own.entry === other.entry && own.entry.endsWith('/'))) return [];
  const found =
    other.level === own.level && own.entry !== other.entry
      ? `which is beside it (neither of ${own.entry} and ${other.entry} knows the other)`
      : `which is not below it (${own.entry} is below ${other.entry})`;
  return [
    `imports ${target}, ${found}: declare the narrow port it needs here and pass it down, or move what is shared to a lower layer`,
  ];
}

/**
 * @param {readonly string[]} allowed
 * @param {string} where
 * @param {string} target
 */
function foreignViolation(allowed, where, target) {
  const only = ONLY_IN.find(({ module }) => target === module || target.startsWith(`${module}/`));
  if (only && !only.places.some((place) => fits(place, withoutExtension(where)))) {
    return [`imports ${target}, which only ${only.places.join(', ')} may`];
  }
  if (!target.startsWith('@tq/') || allowed.includes(target)) return [];
  return [`imports ${target}; its package may import ${allowed.join(', ') || 'no other package of tq'}`];
}

/**
 * A file's entry, and how far up the list it is; level -1 when there is none.
 * @param {readonly Layer[]} layers
 * @param {string} file
 */
function placeOf(layers, file) {
  const name = withoutExtension(file);
  const fitting = layers.flat().filter((entry) => fits(entry, name));
  const entry = fitting.reduce((best, candidate) => (candidate.length > best.length ? candidate : best), '');
  return { entry, level: layers.findIndex((layer) => [layer].flat().includes(entry)) };
}

/**
 * Whether a file is the one that an entry names, or in its folder.
 * @param {string} entry
 * @param {string} name without extension
 */
function fits(entry, name) {
  return entry.endsWith('/') ? name.startsWith(entry) : name === entry;
}

/** @param {string} file */
function withoutExtension(file) {
  return file.replace(/\.[^./]+$/, '');
}

/**
 * A relative import as a path in the package's `src`, with TypeScript's extension.
 * @param {string} file
 * @param {string} target
 */
function resolve(file, target) {
  return posix.normalize(posix.join(dirname(file), target)).replace(/\.([cm]?)js(x?)$/, '.$1ts$2');
}

const IMPORTS = [
  /^(?:import|export)\b[^'"`;]*?\bfrom\s+['"]([^'"]+)['"]/gm,
  /^import\s+['"]([^'"]+)['"]/gm,
  /\b(?:import|require)\(\s*['"]([^'"]+)['"]/g,
];

/**
 * Every module that a source names: imports, exports from, side effects, dynamic and type imports.
 * @param {string} source
 * @returns {string[]}
 */
function importsOf(source) {
  const code = source.replace(/^\s*(?:\/?\*|\/\/).*$/gm, '');
  return IMPORTS.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
}

/**
 * The circles in a graph of files, each once, as the way round.
 * @param {ReadonlyMap<string, readonly string[]>} graph
 */
function circles(graph) {
  /** @type {string[][]} */
  const found = [];
  const done = new Set();
  /** @type {string[]} */
  const path = [];
  /** @param {string} file */
  const visit = (file) => {
    const start = path.indexOf(file);
    if (start !== -1) found.push([...path.slice(start), file]);
    if (start !== -1 || done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runScript('check-layers', () => {
    const root = process.argv[2] ?? ROOT;
    const violations = checkLayers(root);
    for (const violation of violations) console.error(violation);
    console.log(
      `layers: ${violations.length === 0 ? 'OK' : `${violations.length} violations`} in ${relative('', root) || '.'}`,
    );
    return violations.length === 0 ? 0 : 1;
  });
}
