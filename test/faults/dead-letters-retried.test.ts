import { writeFileSync } from 'node:fs';
import { createApp, type Logger } from '@tq/core';
import { createWorker } from '@tq/worker';
import { expect, test } from 'vitest';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { runTq, startTq } from '../support/tq-process.js';
import type * as tasks from './fixtures/retried-tasks.js';
import { openRunNotes } from './fixtures/run-notes.js';
import { scaledLimit, soaked } from './fixtures/scale.js';
import { numbers } from './fixtures/scene.js';

/** Of a soak with its usual scale, 1,000. */
const TASKS = soaked(60, 100);
/** So many a second that the program is killed before it has moved all. */
const RATE = '100/s';
const SILENT: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

test(
  `${TASKS} tasks that failed all succeed after \`tq dead retry\` once their cause is mended, none twice, although it is killed half-way`,
  async () => {
    using notes = openRunNotes();
    const missing = `${process.env.TQ_TEST_RUNS}.mended`;
    const env = { TQ_URL: brokerUrl(), TQ_PREFIX: freshPrefix() };
    await using app = createApp({ url: env.TQ_URL, prefix: env.TQ_PREFIX, logger: SILENT });
    const modules = [new URL('./fixtures/retried-tasks.js', import.meta.url)];
    await using worker = createWorker(app, { tasks: modules, concurrency: 2 });
    let succeeded = 0;
    let look = () => {};
    worker.on('task:succeeded', () => {
      succeeded += 1;
      look();
    });
    const successes = (count: number) =>
      new Promise<void>((resolve) => {
        look = () => {
          if (succeeded >= count) resolve();
        };
        look();
      });
    await worker.start();
    const needsFile = app.declareTask<typeof tasks.needsFile>('needsFile');
    const results = await needsFile.bulk(numbers(TASKS).map((id) => [id, missing]));
    const ends = await Promise.allSettled(results.map((result) => result.get()));
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['rejected']));
    const dead = async () => (await app.queue('tq').dead.depth()).messages;
    // A caller may hear of the failure before the dead letter is in its queue.
    while ((await dead()) < TASKS);

    writeFileSync(missing, '');
    await using retry = startTq(['dead', 'retry', '--task', 'needsFile', '--rate', RATE], { env });
    await successes(Math.ceil(TASKS / 3));
    retry.kill('SIGKILL');
    expect(await retry.ended).toMatchObject({ signal: 'SIGKILL' });
    // What the killed one had in its hands comes back once the broker has noticed, and what it had moved has run by then.
    let left = await dead();
    while (left + succeeded < TASKS) left = await dead();
    expect(await runTq(['dead', 'retry', '--task', 'needsFile'], { env })).toMatchObject({ code: 0 });
    await successes(TASKS);

    await worker.stop();
    const runs = notes.lines().map(([id]) => Number(id));
    expect(runs.sort((a, b) => a - b)).toEqual(numbers(TASKS));
    expect(await app.queue('tq').depth()).toMatchObject({ messages: 0 });
    console.log(`dead letters retried: ${TASKS}, ${TASKS - left} of them moved before the kill; each ran once`);
  },
  scaledLimit(120_000),
);
