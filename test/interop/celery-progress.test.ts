/** Progress between Celery and tq, in both directions. */
import { createApp, currentTask, type Logger, type TaskOf, type TaskProgress } from '@tq/core';
import { createWorker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { needing, runPython, startReadyPython } from './fixtures/foreign-program.js';

const { skipped, heading } = needing('python3-celery');
const SILENT: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

type Count = TaskOf<'count', (total: number) => number>;

/** Python takes its time to start on a busy machine. */
describe.skipIf(skipped).concurrent(heading, { timeout: 120_000 }, () => {
  const options = (prefix: string) => ({ url: brokerUrl(), prefix, preset: 'celery', logger: SILENT }) as const;

  it('a Python task that updates its state tells its progress here', async () => {
    const prefix = freshPrefix();
    await using _worker = await startReadyPython('celery_progress.py', 'work', `${prefix}celery`);
    await using app = createApp(options(prefix));
    const result = app.declareTask<Count>('count').delay(20);
    let last: TaskProgress | undefined;
    for await (const progress of result.progress()) last = progress;
    expect(last).toEqual({ done: 20, total: 20, message: 'counting' });
    expect(await result.get()).toBe(20);
  });

  it("a Python caller is told of the progress of tasks here, in its own worker's words", async () => {
    const prefix = freshPrefix();
    await using app = createApp(options(prefix));
    app.task('count', (total: number) => {
      for (let done = 1; done <= total; done++) currentTask().progress(done, total, 'counting');
      return total;
    });
    await using worker = createWorker(app, { pool: 'async', concurrency: 1 });
    await worker.start();
    expect(await runPython('celery_progress.py', 'call', `${prefix}celery`)).toEqual([
      'result 2',
      '1 of 2: counting',
      '2 of 2: counting',
    ]);
  });
});
