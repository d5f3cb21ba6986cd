import { type App, createApp, type TaskFailedError } from '@tq/core';
import { createWorker, type Worker } from '@tq/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openApp, silentLogger, type TestApp } from './fixtures/test-app.js';

/** What becomes of a call, as its caller can tell. */
async function endOf(app: App, name: string, args: readonly unknown[]): Promise<unknown> {
  const result = app.declareTask(name).apply(args as never);
  try {
    return { value: await result.get() };
  } catch (error) {
    const { name: errorName, message, code, remote } = error as TaskFailedError;
    return {
      errorName,
      message,
      code,
      remote: remote && { ...remote, stack: typeof remote.stack },
      state: result.state,
    };
  }
}

function define(app: App): void {
  app.task('echo', (...values: unknown[]) => values);
  app.task('nothing', () => undefined);
  app.task('later', async (value: unknown) => value);
  app.task('throws', () => {
    throw Object.assign(new RangeError('too far'), { code: 'EFAR', cause: new Error('why') });
  });
  app.task('throws-text', () => {
    throw 'text';
  });
  app.task('function', () => () => 1);
}

const CALLS: readonly { readonly what: string; readonly name: string; readonly args?: readonly unknown[] }[] = [
  { what: 'of plain values', name: 'echo', args: [1, 'two', null, [3], { four: 5 }] },
  { what: 'of what JSON loses', name: 'echo', args: [new Date(6), new Map([[1, 2]]), 10n, Number.NaN, undefined, 1] },
  { what: 'of nothing', name: 'echo' },
  { what: 'of what cannot be serialised', name: 'echo', args: [() => 1] },
  { what: 'that gives nothing', name: 'nothing' },
  { what: 'of an asynchronous task', name: 'later', args: [{ a: undefined }] },
  { what: 'that throws an error', name: 'throws' },
  { what: 'that throws something else', name: 'throws-text' },
  { what: 'that gives what cannot be serialised', name: 'function' },
  { what: 'of a task that nobody has', name: 'no-such-task' },
];

let test: TestApp;
let worker: Worker;
const eager = createApp({ eager: true, logger: silentLogger });

beforeAll(async () => {
  test = openApp();
  define(test.app);
  define(eager);
  worker = createWorker(test.app, { pool: 'async' });
  await worker.start();
});
afterAll(async () => {
  await worker.stop();
  await test.app.close();
  await eager.close();
});

it.each(CALLS)('ends a call $what in an eager app as it does through a broker', async ({ name, args = [] }) => {
  const real = await endOf(test.app, name, args);
  expect(await endOf(eager, name, args)).toEqual(real);
});
