import { createApp, type Logger, TaskFailedError } from '@tq/core';
import { createWorker } from '@tq/worker';
import { expect, test } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, queueState } from '../support/broker.js';
import { fails } from './fixtures/flaky-draw.js';
import type * as tasks from './fixtures/retried-tasks.js';
import { openRunNotes } from './fixtures/run-notes.js';
import { scaledLimit, soaked } from './fixtures/scale.js';
import { numbers } from './fixtures/scene.js';

/** Of a soak with its usual scale, 10,000. */
const TASKS = soaked(200, 1_000);
const ATTEMPTS = 6;
const SEED = process.env.TQ_TEST_SEED ?? String(Math.floor(Math.random() * 2 ** 31));
const SILENT: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** What becomes of a task by the seed alone: the attempts that it takes, and how the last ends. */
function simulate(id: number): { readonly attempts: number; readonly outcome: number | string } {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (!fails(SEED, id, attempt)) return { attempts: attempt, outcome: attempt };
  }
  return { attempts: ATTEMPTS, outcome: `${id} failed at ${ATTEMPTS}` };
}

test(
  `${TASKS} tasks that fail half of the time, with ${ATTEMPTS - 1} retries, end as a simulation does, run by run (seed ${SEED})`,
  async () => {
    using notes = openRunNotes();
    const prefix = freshPrefix();
    await using app = createApp({ url: brokerUrl(), prefix, delayUnit: 10, logger: SILENT });
    const modules = [new URL('./fixtures/retried-tasks.js', import.meta.url)];
    await using worker = createWorker(app, { tasks: modules, concurrency: 2, prefetchMultiplier: 4 });
    await worker.start();
    const flaky = app.declareTask<typeof tasks.flaky>('flaky');

    const results = await flaky.bulk(numbers(TASKS).map((id) => [SEED, id]));
    const timeout = scaledLimit(120_000);
    const outcomes = await Promise.all(results.map((result) => result.get({ timeout }).catch((error) => error)));

    const simulated = numbers(TASKS).map(simulate);
    expect(outcomes.map((end) => (end instanceof TaskFailedError ? end.remote.message : end))).toEqual(
      simulated.map(({ outcome }) => outcome),
    );
    // No attempt is left out, and none runs twice.
    const runs = notes.lines().map(([id, attempt]) => `${id}:${attempt}`);
    expect(runs.sort()).toEqual(
      simulated.flatMap(({ attempts }, id) => numbers(attempts).map((n) => `${id}:${n + 1}`)).sort(),
    );
    const failures = simulated.filter(({ outcome }) => typeof outcome === 'string').length;
    await worker.stop();
    await using peer = await openPeer();
    const queue = `${prefix}tq`;
    expect(await queueState(peer, queue)).toMatchObject({ messages: 0 });
    expect(await queueState(peer, `${queue}.dead`)).toMatchObject({ messages: failures });
    console.log(`flaky: ${TASKS} tasks took ${runs.length} runs, ${failures} failed for good, as simulated`);
  },
  scaledLimit(120_000),
);
