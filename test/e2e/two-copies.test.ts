import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { ROOT, run, startWorkerProcess } from './fixtures/programs.js';

/**
 * A project may have a copy of @tq/core of its own beside the worker's: what the two must share goes by `Symbol.for` and
 * error codes, never by classes.
 */
const TASKS = `
import { currentTask, defaultApp, defineTask, onSlotStart, onWorkerStart, PublishError } from '@tq/core';

let slot = 'not started';
onSlotStart(() => {
  slot = 'started';
});
onWorkerStart((worker) => {
  worker.on('task:succeeded', ({ task }) => process.stderr.write(\`heard \${task}\\n\`));
});
defaultApp().use({
  publish: async (call, next) => {
    await null;
    call.headers = { ...call.headers, by: 'publish' };
    await next();
  },
  execute: async (run, next) => [await next(), run.context.headers.by ?? 'nobody'],
});

const numbers = {
  '~standard': {
    version: 1 as const,
    vendor: 'own',
    validate: async (value: unknown) =>
      (value as unknown[]).every((one) => typeof one === 'number')
        ? { value: (value as number[]).map((one) => one * 2) }
        : { issues: [{ message: 'expected numbers' }] },
  },
};
export const facts = defineTask('facts', (n: number) => [n, slot, currentTask().queue], { args: numbers });
export const inner = defineTask('inner', (text: string) => text.length);
export const calls = defineTask('calls', async () => inner.delay('four').get({ allowInTask: true }));
/** The worker refuses this call, in its own copy. */
export const fails = defineTask('fails', async () => {
  const error: unknown = await inner.delay('x'.repeat(2_000)).published.catch((thrown: unknown) => thrown);
  return [(error as { code: string }).code, error instanceof PublishError];
});
`;

const CALLS = `
const { declareTask } = require('@tq/core');
(async () => {
  const call = (name, ...args) => declareTask(name).delay(...args).get().catch((error) => error.remote.code);
  for (const [name, ...args] of [['facts', 21], ['facts', 'x'], ['calls'], ['fails']]) {
    console.log(JSON.stringify(await call(name, ...args)));
  }
})();
`;

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tq-copies-'));
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ name: 'project', version: '1.0.0', type: 'commonjs' }));
  writeFileSync(join(cwd, 'tasks.ts'), TASKS);
  writeFileSync(join(cwd, 'call.js'), CALLS);
  writeFileSync(join(cwd, 'tq.config.ts'), "export default { queue: 'configured', maxMessageBytes: 1_000 };\n");
  const scope = join(cwd, 'node_modules/@tq');
  mkdirSync(join(scope, 'core'), { recursive: true });
  for (const name of ['worker', 'cli']) symlinkSync(join(ROOT, 'packages', name), join(scope, name));
  for (const name of ['package.json', 'dist']) {
    cpSync(join(ROOT, 'packages/core', name), join(scope, 'core', name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'packages/core/node_modules'), join(scope, 'core/node_modules'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

it.each(['thread', 'async'])(
  'a task file with a copy of @tq/core shares all with a worker with the pool %s',
  async (pool) => {
    const prefix = freshPrefix();
    const env = { TQ_URL: brokerUrl(), TQ_PREFIX: prefix, TQ_QUEUE_TYPE: 'classic' };
    const worker = await startWorkerProcess(['--concurrency', '2', '--pool', pool], { cwd, env });
    const called = await run(['call.js'], { cwd, env: { ...env, TQ_QUEUE: 'configured' } });
    expect(called).toEqual({
      stdout: `${[
        [[42, 'started', `${prefix}configured`], 'nobody'],
        'invalid-args',
        [[4, 'publish'], 'nobody'],
        // The app of an async pool is the task file's own, as are its errors.
        [['message-too-large', pool === 'async'], 'nobody'],
      ]
        .map((line) => JSON.stringify(line))
        .join('\n')}\n`,
      stderr: '',
      exitCode: 0,
    });
    expect(await worker.stop()).toBe(0);
    const heard = worker.written.filter((line) => line.startsWith('heard'));
    expect(new Set(heard)).toEqual(new Set(['heard facts', 'heard inner', 'heard calls', 'heard fails']));
  },
);
