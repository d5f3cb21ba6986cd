import { fileURLToPath } from 'node:url';
import { type AsyncResult, createApp, type Logger } from '@tq/core';
import { expect, test } from 'vitest';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { startTq } from '../support/tq-process.js';
import { residentMemoryMb } from './fixtures/resident-memory.js';
import type * as tasks from './fixtures/retried-tasks.js';
import { openRunNotes } from './fixtures/run-notes.js';
import { scaledLimit, soaked } from './fixtures/scale.js';
import { numbers } from './fixtures/scene.js';

const MODULE = fileURLToPath(new URL('./fixtures/retried-tasks.js', import.meta.url));
/** Of a soak with its usual scale, 100,000. */
const TASKS = soaked(300, 10_000);
/** Until the first is due, and from then until the last is, ms; in a soak time enough to publish all before. */
const WAIT = soaked(1_000, 6_000);
const SPAN = soaked(500, 6_000);
const CHUNK = 1_000;
const SILENT: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

test(
  `of ${TASKS} tasks delayed at once each runs once, and none before its time`,
  async () => {
    using notes = openRunNotes();
    const env = { TQ_URL: brokerUrl(), TQ_PREFIX: freshPrefix(), TQ_TEST_RUNS: process.env.TQ_TEST_RUNS };
    await using app = createApp({ url: env.TQ_URL, prefix: env.TQ_PREFIX, logger: SILENT });
    await using worker = startTq(['worker', '--app', MODULE, '--concurrency', '2', '--prefetch-multiplier', '20'], {
      env,
    });
    await worker.line(/ready: consuming/);
    const memory = () => residentMemoryMb(worker.process.pid);
    const tellTime = app.declareTask<typeof tasks.tellTime>('tellTime');
    // What a worker loads and compiles for its first tasks is no lateness of delays.
    for (const warm of await tellTime.bulk(numbers(50).map(() => [-1]))) await warm.get();
    const memoryBefore = memory();

    const firstDue = Date.now() + WAIT;
    const dueOf = (id: number) => firstDue + Math.floor((id / TASKS) * SPAN);
    const results: AsyncResult<number>[] = [];
    for (let from = 0; from < TASKS; from += CHUNK) {
      const ids = numbers(Math.min(CHUNK, TASKS - from)).map((n) => from + n);
      const chunk = ids.map((id) => tellTime.apply([id], { eta: new Date(dueOf(id)) }));
      await Promise.all(chunk.map((result) => result.published));
      results.push(...chunk);
    }
    const publishedIn = Date.now() - (firstDue - WAIT);
    const memoryWaiting = memory();
    const timeout = scaledLimit(120_000);
    const times = await Promise.all(results.map((result) => result.get({ timeout })));
    const lateness = times.map((time, id) => time - dueOf(id)).sort((a, b) => a - b);

    expect(lateness[0]).toBeGreaterThanOrEqual(0);
    const runs = notes.lines().map(([id]) => Number(id));
    const delayed = runs.filter((id) => id >= 0);
    expect(delayed.sort((a, b) => a - b)).toEqual(numbers(TASKS));
    const [p50, p99] = [0.5, 0.99].map((share) => lateness[Math.floor(share * TASKS)]);
    console.log(
      `delayed: ${TASKS} tasks, published in ${publishedIn} ms, due from ${WAIT} to ${WAIT + SPAN} ms: ` +
        `late by p50 ${p50}, p99 ${p99}, at most ${lateness.at(-1)} ms; the worker held ${Math.round(memoryBefore)} MB ` +
        `before, ${Math.round(memoryWaiting)} MB while they waited, ${Math.round(memory())} MB after`,
    );
  },
  scaledLimit(120_000),
);
