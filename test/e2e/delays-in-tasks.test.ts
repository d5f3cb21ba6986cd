/** Delayed calls that tasks make: their child has no connection, and their worker does not hold them. */
import { createWorker } from '@tq/worker';
import { expect, it } from 'vitest';
import type * as tasks from './fixtures/expiring-tasks.js';
import { openApp } from './fixtures/test-app.js';

const MODULE = new URL('fixtures/expiring-tasks.js', import.meta.url);
const COUNT = 20;
const COUNTDOWN = 200;

it.each(['thread', 'process'] as const)(
  'many delayed calls of a task in a %s run once each, none before it is due',
  { timeout: 60_000 },
  async (pool) => {
    await using test = openApp({ delayUnit: 10 });
    // One slot for each of the two queues: what waits holds none.
    const worker = createWorker(test.app, { tasks: [MODULE], pool, queues: { tq: 1, inner: 1 } });
    let started = 0;
    worker.on('task:started', ({ task }) => {
      if (task === 'now') started++;
    });
    await worker.start();
    try {
      const { called, ran } = await test.app
        .declareTask<typeof tasks.later>('later')
        .delay('inner', COUNT, COUNTDOWN)
        .get();
      expect(ran).toHaveLength(COUNT);
      expect(Math.min(...ran) - called).toBeGreaterThanOrEqual(COUNTDOWN);
      expect(started).toBe(COUNT);
    } finally {
      await worker.stop();
    }
  },
);
