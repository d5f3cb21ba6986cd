/** Time limits between Celery and tq, in both directions. */
import { createApp, type Logger, TaskFailedError, type TaskOf } from '@tq/core';
import { createWorker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { openRunNotes } from '../faults/fixtures/run-notes.js';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { needing, runPython, startReadyPython } from './fixtures/foreign-program.js';

const { skipped, heading } = needing('python3-celery');
const TASKS = new URL('../faults/fixtures/limited-tasks.js', import.meta.url);
const SILENT: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** Python takes its time to start on a busy machine. */
const LIMIT = { timeout: 120_000 };

describe.skipIf(skipped)(heading, LIMIT, () => {
  it('a Python caller limits a task that runs here, and hears how it ended', async () => {
    using _notes = openRunNotes();
    const prefix = freshPrefix();
    await using app = createApp({ url: brokerUrl(), prefix, preset: 'celery', logger: SILENT });
    await using worker = createWorker(app, { tasks: [TASKS], pool: 'thread', concurrency: 3 });
    await worker.start();
    const call = (...words: string[]) => runPython('celery_limits.py', 'call', `${prefix}celery`, ...words);
    const [hard, soft, tidied] = await Promise.all([
      call('spin', '0.5', '-'),
      call('heed', '-', '0.25'),
      call('tidy', '60', '0.25'),
    ]);
    expect(hard?.[0]).toMatch(/^TimeLimitError .*'spin' ran longer than its time limit of 500 ms/);
    expect(soft?.[0]).toMatch(/^SoftTimeLimitError .*250 ms/);
    expect(tidied).toEqual(['result soft-time-limit']);
    expect(worker.health().ended).toMatchObject({ success: 1, failure: 2, lost: 0 });
  });

  it('the limits of a call from here reach a Python worker, which keeps them', async () => {
    const prefix = freshPrefix();
    const queue = `${prefix}celery`;
    await using _worker = await startReadyPython('celery_limits.py', 'work', queue);
    await using app = createApp({ url: brokerUrl(), prefix, preset: 'celery', logger: SILENT });
    const limits = app.declareTask<TaskOf<'limits', () => [number | null, number | null]>>('limits');
    expect(await limits.apply([], { timeLimit: 60_000, softTimeLimit: 2_500 }).get()).toEqual([60, 2.5]);
    expect(await limits.apply([], { softTimeLimit: 500 }).get()).toEqual([null, 0.5]);
    expect(await limits.delay().get()).toEqual([null, null]);
    const untilSoft = app.declareTask<TaskOf<'until-soft', () => string>>('until-soft');
    expect(await untilSoft.apply([], { softTimeLimit: 200 }).get()).toBe('soft');
    const spin = app.declareTask<TaskOf<'spin', () => never>>('spin');
    const failure = await spin
      .apply([], { timeLimit: 200 })
      .get()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TaskFailedError);
    expect((failure as TaskFailedError).remote.name).toBe('TimeLimitExceeded');
  });
});
