/** What a task and its calls say of retries, through a broker: the slot decides, and the call's word stays for every try. */
import { createWorker } from '@tq/worker';
import { expect, it } from 'vitest';
import type * as tasks from './fixtures/retrying-tasks.js';
import { openApp, rejection } from './fixtures/test-app.js';

async function openTest(pool: 'thread' | 'async') {
  const test = openApp({ delayUnit: 10 });
  const worker = createWorker(test.app, {
    ...{ pool, concurrency: 1 },
    tasks: [new URL('fixtures/retrying-tasks.js', import.meta.url)],
  });
  const delays: number[] = [];
  worker.on('task:retried', ({ delayMs }) => delays.push(delayMs));
  await worker.start();
  return {
    delays,
    struggles: test.app.declareTask<typeof tasks.struggles>('struggles'),
    fails: test.app.declareTask<typeof tasks.fails>('fails'),
    [Symbol.asyncDispose]: async () => {
      await worker.stop();
      await test[Symbol.asyncDispose]();
    },
  };
}

it.each(['thread', 'async'] as const)(
  'classes and functions of the definition decide where the task runs (pool %s)',
  async (pool) => {
    await using test = await openTest(pool);
    const { struggles, delays } = test;
    expect(await struggles.delay('busy', 3).get()).toEqual({ attempt: 3, errors: ['Busy: try 1', 'Busy: try 2'] });
    expect(delays).toEqual([10, 20]);
    expect(await struggles.delay('limit', 2).get()).toMatchObject({ attempt: 2 });
    const error = await rejection(struggles.delay('broken', 2).get());
    expect(error).toMatchObject({ remote: { message: 'broken' } });
    expect(delays).toEqual([10, 20, 10]);
  },
);

it('what a call says holds for all its tries, value by value', async () => {
  await using test = await openTest('async');
  const { struggles, fails, delays } = test;
  const more = struggles.apply(['busy', 6], { retry: { maxRetries: 5, backoff: 'fixed', delay: 5 } });
  expect(await more.get()).toMatchObject({ attempt: 6 });
  expect(delays).toEqual([5, 5, 5, 5, 5]);
  const none = await rejection(struggles.apply(['busy', 2], { retry: false }).get());
  expect(none).toMatchObject({ remote: { message: 'try 1' } });
  const given = await rejection(fails.apply([], { retry: { maxRetries: 1, delay: 0 } }).get());
  expect(given).toMatchObject({ remote: { message: 'try 2' } });
  expect(await rejection(fails.delay().get())).toMatchObject({ remote: { message: 'try 1' } });
});
