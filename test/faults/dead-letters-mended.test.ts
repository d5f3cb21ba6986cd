import { createApp, type Logger, type QueueType } from '@tq/core';
import { createWorker } from '@tq/worker';
import { expect, test } from 'vitest';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { scaledLimit, soaked } from './fixtures/scale.js';

const TASKS = soaked(60, 100);
const TYPES = ['quorum', 'classic'] as const satisfies readonly QueueType[];
const SILENT: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** What a task needs, which is away at first. */
class Service {
  mended = false;
  readonly served: number[] = [];

  ask(n: number): number {
    if (!this.mended) throw new Error('the service is down');
    this.served.push(n);
    return n;
  }
}

test.each(TYPES)(
  `${TASKS} tasks that failed for a cause that is mended succeed when they are put back, none twice, also when that is ended half-way and done again (%s)`,
  async (queueType) => {
    const service = new Service();
    await using app = createApp({ url: brokerUrl(), prefix: freshPrefix(), queueType, logger: SILENT });
    const ask = app.task('ask', (n: number) => service.ask(n));
    const worker = createWorker(app, { pool: 'async', concurrency: 8 });
    await worker.start();
    const numbers = Array.from({ length: TASKS }, (_, n) => n);
    const results = await ask.bulk(numbers.map((n) => [n]));
    const failures = await Promise.allSettled(results.map((result) => result.get()));
    expect(failures.every(({ status }) => status === 'rejected')).toBe(true);

    const { deadLetters } = app;
    // A caller may hear of the failure before the dead letter is in its queue.
    while ((await app.queue('tq').dead.depth()).messages < TASKS);
    expect(await deadLetters.retry({}, { dryRun: true })).toMatchObject({ matched: TASKS, moved: 0 });
    service.mended = true;
    let left = TASKS;
    const succeeded = new Promise<void>((resolve) => worker.on('task:succeeded', () => --left === 0 && resolve()));
    const half = new AbortController();
    const first = await deadLetters.retry(
      { task: 'ask', reason: 'failed', error: 'service is down' },
      { signal: half.signal, onProgress: ({ moved }) => moved === TASKS / 2 && half.abort() },
    );
    expect(first).toMatchObject({ moved: TASKS / 2, aborted: true });
    expect(await deadLetters.retry({ task: 'ask' })).toMatchObject({ moved: TASKS / 2, aborted: false });
    await succeeded;
    expect(service.served.sort((a, b) => a - b)).toEqual(numbers);
    expect(worker.health().ended).toMatchObject({ success: TASKS });
    await worker.stop();
    expect(await app.queue('tq').dead.depth()).toMatchObject({ messages: 0 });
  },
  scaledLimit(120_000),
);
