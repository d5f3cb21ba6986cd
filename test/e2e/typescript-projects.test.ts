import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { ROOT, run, startWorkerProcess } from './fixtures/programs.js';

/** The same for every kind of project: a task, one that calls another, one of a class, and a file that it imports. */
const TASKS = `
import { currentTask, defaultApp, defineTask, Task } from '@tq/core';
import { type Greeting, greet } from './greet';

export const fib = defineTask('fib', (n: number): number => (n < 2 ? n : fib.run(n - 1) + fib.run(n - 2)));
export const hello = defineTask('hello', async (name: string): Promise<Greeting> => greet(name, currentTask().task));
export const nested = defineTask('nested', async (n: number) => fib.delay(n).get({ allowInTask: true }));

class MathTasks {
  @Task()
  double(n: number): number {
    return n * 2;
  }
}
export const math = defaultApp().register(MathTasks);
`;

const GREET = `
export interface Greeting { readonly text: string }
export function greet(name: string, task: string): Greeting {
  return { text: \`\${name}, from \${task}\` };
}
`;

const CALLS = `
  const fib = declareTask('fib');
  console.log(await fib.delay(30).get());
  console.log((await declareTask('hello').delay('Ada').get()).text);
  console.log(await declareTask('nested').delay(10).get());
  console.log(await declareTask('MathTasks.double').delay(21).get());
`;

const ESM_CALL = `import { declareTask } from '@tq/core';\n${CALLS}`;
const CJS_CALL = `const { declareTask } = require('@tq/core');\n(async () => {${CALLS}})();`;

/** Kinds of projects: what their package.json says, and how a program in them is written. */
const PROJECTS: readonly [kind: string, manifest: object, call: readonly [name: string, source: string]][] = [
  ['ES-module', { type: 'module' }, ['call.js', ESM_CALL]],
  ['CommonJS', { type: 'commonjs' }, ['call.js', CJS_CALL]],
  ['no-type', {}, ['call.js', CJS_CALL]],
  ['no-type, calling from an ES module', {}, ['call.mjs', ESM_CALL]],
];

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function createProject(manifest: object, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tq-project-'));
  folders.push(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'project', version: '1.0.0', ...manifest }));
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), source);
  }
  mkdirSync(join(folder, 'node_modules/@tq'), { recursive: true });
  for (const name of ['core', 'worker', 'cli']) {
    symlinkSync(join(ROOT, 'packages', name), join(folder, 'node_modules/@tq', name));
  }
  return folder;
}

it.each(PROJECTS)('a task file in TypeScript runs in a project of kind %s', async (_, manifest, [name, source]) => {
  const cwd = createProject(manifest, { 'tasks.ts': TASKS, 'greet.ts': GREET, [name]: source });
  const place = { cwd, env: { TQ_URL: brokerUrl(), TQ_PREFIX: freshPrefix(), TQ_QUEUE_TYPE: 'classic' } };
  const worker = await startWorkerProcess(['--concurrency', '2'], place);
  const called = await run([name], place);
  expect(called).toEqual({ stdout: '832040\nAda, from hello\n55\n42\n', stderr: '', exitCode: 0 });
  expect(await worker.stop()).toBe(0);
});

it('the async pool runs the same file, in src and by name', async () => {
  const files = { 'src/tasks.ts': TASKS, 'src/greet.ts': GREET, 'call.js': CJS_CALL };
  const cwd = createProject({ type: 'commonjs' }, files);
  const place = { cwd, env: { TQ_URL: brokerUrl(), TQ_PREFIX: freshPrefix(), TQ_QUEUE_TYPE: 'classic' } };
  const worker = await startWorkerProcess(['--app', 'src/tasks.ts', '--pool', 'async', '--concurrency', '2'], place);
  const called = await run(['call.js'], place);
  expect(called).toEqual({ stdout: '832040\nAda, from hello\n55\n42\n', stderr: '', exitCode: 0 });
  expect(await worker.stop()).toBe(0);
});
