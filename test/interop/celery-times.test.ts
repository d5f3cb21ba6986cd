/** Delays and expiry between Celery and tq, in both directions. */
import { createApp, type Logger, type TaskOf, TaskRevokedError } from '@tq/core';
import { createTestApp, ManualClock } from '@tq/core/testing';
import { createWorker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { needing, runPython, startReadyPython } from './fixtures/foreign-program.js';

const { skipped, heading } = needing('python3-celery');
const SILENT: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const HOUR = 3_600_000;

/** Python takes its time to start on a busy machine. */
const LIMIT = { timeout: 120_000 };

type When = TaskOf<'when', () => [started: number, eta: number | null, expires: number | null]>;

describe.skipIf(skipped).concurrent(heading, LIMIT, () => {
  /** Options of an app that shares its queues with Celery. */
  const options = (prefix: string) =>
    ({ url: brokerUrl(), prefix, preset: 'celery', delayUnit: 10, logger: SILENT }) as const;
  const call = (prefix: string, ...words: string[]) =>
    runPython('celery_times.py', 'call', `${prefix}celery`, ...words);

  it("a Python caller's countdown is kept here, and the task runs once", async () => {
    const prefix = freshPrefix();
    await using app = createApp(options(prefix));
    app.task('when', () => Date.now());
    await using worker = createWorker(app, { pool: 'async', concurrency: 1 });
    let started = 0;
    worker.on('task:started', () => started++);
    await worker.start();
    const [line = ''] = await call(prefix, '1', '60');
    const [, at, called] = /^result (\d+) (\d+)$/.exec(line) ?? [];
    expect(Number(at) - Number(called)).toBeGreaterThanOrEqual(1_000);
    expect(started).toBe(1);
  });

  it("a Python caller's task that comes here too late is revoked for it", async () => {
    const prefix = freshPrefix();
    // An hour ahead of Python. What Celery lets the broker drop in the queue never gets here.
    await using app = createTestApp({ ...options(prefix), clock: new ManualClock(Date.now() + HOUR), eager: false });
    app.task('when', () => Date.now());
    await using worker = createWorker(app, { pool: 'async', concurrency: 1 });
    await worker.start();
    expect(await call(prefix, '-', '60')).toEqual(['revoked expired']);
    expect(worker.health().ended).toMatchObject({ expired: 1, success: 0 });
  });

  it('a call from here starts in a Python worker no earlier than it asks to, and expires there', async () => {
    const prefix = freshPrefix();
    await using _worker = await startReadyPython('celery_times.py', 'work', `${prefix}celery`);
    await using app = createApp(options(prefix));
    const when = app.declareTask<When>('when');
    const eta = new Date(Date.now() + 1_000);
    const [started, ...times] = await when.apply([], { eta, expires: 60_000 }).get();
    expect(started).toBeGreaterThanOrEqual(eta.getTime());
    expect(times).toEqual([eta.getTime(), expect.any(Number)]);
    expect(await when.delay().get()).toEqual([expect.any(Number), null, null]);
    // By a clock that is an hour late, so that only the worker's word can end it.
    const clock = new ManualClock(Date.now() - HOUR);
    await using late = createTestApp({ ...options(prefix), clock, eager: false });
    const result = late.declareTask<When>('when').apply([], { expires: 60_000 });
    const error = await result.get().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TaskRevokedError);
    expect(error).toMatchObject({ reason: 'expired' });
    expect((error as Error).message).toContain('expired before a worker started it');
  });
});
