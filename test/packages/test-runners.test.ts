import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TOOLS } from '../../scripts/run.js';
import { packedProject } from '../support/packed.js';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const JEST = join(dirname(require.resolve('jest/package.json')), 'bin', 'jest.js');
const PRESET = require.resolve('@babel/preset-env');
const JEST_CONFIG = {
  transform: { '\\.[jt]sx?$': ['babel-jest', { presets: [[PRESET, { targets: { node: 'current' } }]] }] },
  transformIgnorePatterns: ['/node_modules/(?!(.*/)?@tq/)'],
};

/** A test as users write it: of a task of the default app, which `TQ_EAGER` makes eager. */
const BODY = `
  const error = await check.delay(-1).get().catch((thrown) => thrown);
  if ((await check.delay(4).get()) !== 2) throw new Error('expected the root of 4');
  if (error.remote?.name !== 'RangeError') throw new Error('expected a RangeError, found ' + error);
`;
const TASKS = `
  if (n < 0) throw new RangeError('negative');
  return Math.sqrt(n);
`;

const FILES = {
  'package.json': '{ "private": true }',
  'esm/package.json': '{ "type": "module" }',
  'esm/tasks.js': `import { defineTask } from '@tq/core';\nexport const check = defineTask('check', (n) => {${TASKS}});\n`,
  'esm/node.check.js': `import { test } from 'node:test';\nimport { check } from './tasks.js';\ntest('roots', async () => {${BODY}});\n`,
  'esm/vitest.test.js': `import { check } from './tasks.js';\ntest('roots', async () => {${BODY}});\n`,
  'esm/jest.check.js': `import { check } from './tasks.js';\ntest('roots', async () => {${BODY}});\n`,
  'cjs/tasks.js': `const { defineTask } = require('@tq/core');\nexports.check = defineTask('check', (n) => {${TASKS}});\n`,
  'cjs/jest.check.js': `const { check } = require('./tasks.js');\ntest('roots', async () => {${BODY}});\n`,
  'cjs/jest.config.json': JSON.stringify(JEST_CONFIG),
};

let project: ReturnType<typeof packedProject>;
beforeAll(() => {
  project = packedProject(FILES);
});
afterAll(() => project?.[Symbol.dispose]());

/** Runs a test runner in a folder of the project; gives what it said. */
async function runTests(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { VITEST: _, VITEST_POOL_ID: __, NODE_OPTIONS: ___, ...inherited } = process.env;
  const options = { cwd: join(project.folder, folder), env: { ...inherited, CI: '1', TQ_EAGER: '1', ...env } };
  const { stdout, stderr } = await run(process.execPath, args, options).catch((error: Error & { stdout: string }) => {
    throw new Error(`expected the tests to pass, found:\n${error.message}\n${error.stdout}`);
  });
  return stdout + stderr;
}

const PATIENT = { timeout: 90_000 };

it('tests of tasks run under node:test', PATIENT, async () => {
  expect(await runTests('esm', ['--test', 'node.check.js'])).toContain('pass 1');
});

it('tests of tasks run under vitest', PATIENT, async () => {
  const vitest = [TOOLS.vitest, 'run', '--root', join(project.folder, 'esm'), '--globals', '--no-color'];
  expect(await runTests('esm', vitest)).toMatch(/Tests\s+1 passed/);
});

it("tests of tasks run under Jest's ES modules", PATIENT, async () => {
  const env = { NODE_OPTIONS: '--experimental-vm-modules' };
  const jest = [JEST, '--rootDir', '.', '--testMatch', '**/jest.check.js', '--config', '{ "transform": {} }'];
  expect(await runTests('esm', jest, env)).toMatch(/Tests:\s+1 passed/);
});

it("tests of tasks run under Jest's CommonJS, with tq compiled as docs/testing.md says", PATIENT, async () => {
  const jest = [JEST, '--rootDir', '.', '--testMatch', '**/jest.check.js', '--config', 'jest.config.json'];
  expect(await runTests('cjs', jest)).toMatch(/Tests:\s+1 passed/);
});
