import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { capture } from '../../scripts/run.js';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tq-layers-'));
  write('packages/core/src/errors.ts', 'export class TqError extends Error {}\n');
  write('packages/core/src/time/clock.ts', "import { TqError } from '../errors.js';\nexport const clock = TqError;\n");
  write('packages/core/src/time/backoff.ts', "import { clock } from './clock.js';\nexport const backoff = clock;\n");
  write('packages/core/src/broker/connection.ts', "import { connect } from 'amqplib';\nexport { connect };\n");
  write('packages/core/src/index.ts', "export { backoff } from './time/backoff.js';\n");
  write('packages/worker/src/index.ts', "import { backoff } from '@tq/core';\nexport { backoff };\n");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function check(): { code: number; output: string } {
  return capture(process.execPath, ['scripts/check-layers.js', root]);
}

test('imports downward, within a folder and of allowed packages pass', () => {
  expect(check()).toMatchObject({ code: 0, output: expect.stringContaining('layers: OK') });
});

test.each([
  ['an import', "import { clock } from './time/clock.js';"],
  ['a type import', "import type { clock } from './time/clock.js';"],
  ['an import over several lines', "import {\n  clock,\n} from './time/clock.js';"],
  ['an export', "export * from './time/clock.js';"],
  ['a side effect', "import './time/clock.js';"],
  ['a dynamic import', "export const late = () => import('./time/clock.js');"],
  ['a type by import', "export type Late = typeof import('./time/clock.js').clock;"],
])('%s up the layers fails with both files and what to do', (_what, line) => {
  write('packages/core/src/errors.ts', `${line}\n`);
  const { code, output } = check();
  expect(code).toBe(1);
  expect(output).toContain('packages/core/src/errors.ts: imports time/clock.ts, which is not below it');
});

test.each([
  ['wire/frame', 'model/queue'],
  ['model/queue', 'wire/frame'],
  ['session/channel', 'store/memory'],
  ['store/memory', 'session/channel'],
])('folders side by side do not know each other: %s does not import %s', (file, target) => {
  write(`packages/broker/src/${target}.ts`, 'export {};\n');
  write(`packages/broker/src/${file}.ts`, `import '../${target}.js';\n`);
  const { code, output } = check();
  expect(code).toBe(1);
  expect(output).toContain(`packages/broker/src/${file}.ts: imports ${target}.ts, which is beside it`);
});

test('what is above layers side by side imports them all, and each imports from itself and from below', () => {
  write('packages/broker/src/errors.ts', 'export {};\n');
  write('packages/broker/src/wire/frame.ts', "import '../errors.js';\n");
  write('packages/broker/src/wire/content.ts', "import './frame.js';\n");
  write('packages/broker/src/model/queue.ts', "import '../errors.js';\n");
  write(
    'packages/broker/src/store/lmdb.ts',
    "import 'lmdb';\nimport '../model/queue.js';\nimport '../wire/frame.js';\n",
  );
  write('packages/broker/src/server.ts', "import 'node:net';\nimport './store/lmdb.js';\n");
  expect(check()).toMatchObject({ code: 0 });
});

test('a circle within a folder fails and is shown once, the whole way round', () => {
  write(
    'packages/core/src/time/clock.ts',
    "import type { backoff } from './backoff.js';\nexport type Clock = typeof backoff;\n",
  );
  const { code, output } = check();
  expect(code).toBe(1);
  expect(output).toContain('circle: time/backoff.ts > time/clock.ts > time/backoff.ts');
  expect(output.match(/circle/g)).toHaveLength(1);
});

test('a file that imports itself fails', () => {
  write('packages/core/src/errors.ts', "import './errors.js';\n");
  expect(check()).toMatchObject({ code: 1, output: expect.stringContaining('circle: errors.ts > errors.ts') });
});

test.each([
  ['packages/core/src/time/clock.ts', "import 'amqplib';", 'imports amqplib, which only packages/core/src/broker/ may'],
  ['packages/core/src/time/clock.ts', "import 'amqplib/callback_api.js';", 'only packages/core/src/broker/ may'],
  ['packages/core/src/time/clock.ts', "import '@tq/worker';", 'its package may import no other package of tq'],
  ['packages/worker/src/index.ts', "import '@tq/core/dist/errors.js';", 'may import @tq/core, @tq/core/internal'],
  ['packages/worker/src/index.ts', "import '../../core/src/errors.js';", 'outside of its package'],
  ['packages/core/src/index.ts', "import '../../../examples/fib/tasks.js';", 'outside of its package'],
  ['packages/broker/src/index.ts', "import '@tq/core';", 'its package may import no other package of tq'],
  ['packages/broker/src/model/queue.ts', "import 'lmdb';", 'imports lmdb, which only packages/broker/src/store/ may'],
  [
    'packages/broker/src/model/queue.ts',
    "import { createServer } from 'node:net';",
    'which only packages/core/src/broker/, packages/broker/src/server, packages/broker/src/session/, ',
  ],
  [
    'packages/broker/src/options.ts',
    "import type { Socket } from 'node:net';",
    'which only packages/core/src/broker/, packages/broker/src/server, packages/broker/src/session/, ',
  ],
])('%s with %s fails', (file, line, text) => {
  write(file, `${line}\n`);
  expect(check()).toMatchObject({ code: 1, output: expect.stringContaining(text) });
});

test('a file and a package that no table knows fail', () => {
  write('packages/core/src/helpers/misc.ts', 'export {};\n');
  write('packages/extra/src/index.ts', 'export {};\n');
  const { code, output } = check();
  expect(code).toBe(1);
  expect(output).toContain('packages/core/src/helpers/misc.ts: in no layer: add it to PACKAGES');
  expect(output).toContain('packages/extra: not in the table');
});

test('what a comment says is no import', () => {
  write(
    'packages/core/src/errors.ts',
    "/**\n * import { clock } from './time/clock.js';\n */\n// import('./index.js')\nexport {};\n",
  );
  expect(check().code).toBe(0);
});
