/** Tasks that have a canvas run in their place, in every pool and without a broker. */
import { chain, createApp } from '@tq/core';
import { createWorker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { defineReplacing } from './fixtures/replacing.js';
import { openApp, rejection, silentLogger } from './fixtures/test-app.js';

const MODULES = [new URL('fixtures/replacing-tasks.js', import.meta.url)];
type Tasks = ReturnType<typeof defineReplacing>;

async function check({ countDown, doubleTwice, doubleAll, failsFirst, double }: Tasks): Promise<void> {
  const counted = countDown.delay(3);
  // The id is the same however often it is replaced.
  expect(await counted.get()).toEqual([counted.id, 1]);
  expect(await doubleTwice.delay(3).get()).toBe(12);
  expect(await doubleAll.delay([1, 2, 3]).get()).toEqual([2, 4, 6]);
  expect(await doubleAll.delay([]).get()).toEqual([]);
  const failed = await rejection(failsFirst.delay().get());
  expect(failed.message).toContain('out of reach');
  // What came after the task comes after its replacement.
  expect(await chain(doubleTwice.s(3), double.si(5)).delay().get()).toBe(10);
}

describe('a task that is replaced comes to what runs in its place', () => {
  it.each(['thread', 'process', 'async'] as const)('in a pool of kind %s', async (pool) => {
    await using test = openApp();
    const tasks = defineReplacing(test.app.task);
    const modules = pool === 'async' ? {} : { tasks: MODULES };
    await using worker = createWorker(test.app, { pool, concurrency: 2, logger: silentLogger, ...modules });
    await worker.start();
    await check(tasks);
  });

  it('in an eager app', async () => {
    await using app = createApp({ eager: true, logger: silentLogger });
    await check(defineReplacing(app.task));
  });
});
