import { createApp, type Logger } from '@tq/core';
import { createWorker, type WorkerOptions } from '@tq/worker';
import { expect, test } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, queueState } from '../support/broker.js';
import type * as databaseTasks from './fixtures/database-tasks.js';
import type * as tasks from './fixtures/limited-tasks.js';
import { residentMemoryMb } from './fixtures/resident-memory.js';
import { openRunNotes, type RunNotes } from './fixtures/run-notes.js';
import { scaledLimit, soaked } from './fixtures/scale.js';

const POOLS = ['thread', 'process'] as const;
/** Of a soak with `--scale 50`, 100,000 each. */
const TASKS = soaked(300, 2_000);
const LEAKING_TASKS = soaked(700, 2_000);
const CHUNK = 1_000;
const MB = 2 ** 20;
const SLOTS = 2;
const SILENT: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

async function open(file: string, options: WorkerOptions) {
  const prefix = freshPrefix();
  const app = createApp({ url: brokerUrl(), prefix, logger: SILENT });
  const tasks = [new URL(file, import.meta.url)];
  const worker = createWorker(app, { tasks, concurrency: SLOTS, prefetchMultiplier: 4, ...options });
  await worker.start();
  return {
    app,
    worker,
    queue: `${prefix}tq`,
    [Symbol.asyncDispose]: async () => {
      await worker.stop({ cold: true });
      await app.close();
    },
  };
}

/** Runs so many tasks, some at a time, and gives their results in order, and a line about what it took. */
async function runAll<T>(count: number, call: (numbers: number[]) => Promise<{ get(): Promise<T> }[]>) {
  const values: T[] = [];
  let mostMb = residentMemoryMb();
  const startedAt = performance.now();
  for (let from = 0; from < count; from += CHUNK) {
    const length = Math.min(CHUNK, count - from);
    const results = await call(Array.from({ length }, (_, index) => from + index));
    for (const result of results) values.push(await result.get());
    mostMb = Math.max(mostMb, residentMemoryMb());
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  return { values, cost: `${count} tasks in ${seconds} s, at most ${Math.round(mostMb)} MB with this program` };
}

/** Expects that each task ran once; gives how many each child has run, in no order. */
function runsByChild(notes: RunNotes, tasks: number): number[] {
  const lines = notes.lines();
  expect(lines).toHaveLength(tasks);
  expect(new Set(lines.map(([n]) => n)).size).toBe(tasks);
  const counts = new Map<string, number>();
  for (const [, child = ''] of lines) counts.set(child, (counts.get(child) ?? 0) + 1);
  return [...counts.values()];
}

async function expectEmpty(queue: string): Promise<void> {
  await using peer = await openPeer();
  expect(await queueState(peer, queue)).toMatchObject({ messages: 0 });
  expect(await queueState(peer, `${queue}.dead`)).toMatchObject({ messages: 0 });
}

test.each(POOLS)(
  `${TASKS} tasks through children that each run 50 lose none and run none twice (pool %s)`,
  async (pool) => {
    using notes = openRunNotes();
    await using scene = await open('./fixtures/limited-tasks.js', { pool, maxTasksPerChild: 50 });
    const quick = scene.app.declareTask<typeof tasks.quick>('quick');
    const { values, cost } = await runAll(TASKS, (numbers) => quick.bulk(numbers.map((n) => [n])));
    expect(values).toEqual(values.map((_, n) => n));
    const runs = runsByChild(notes, TASKS);
    expect(Math.max(...runs)).toBe(50);
    // None but the last ones has run less.
    expect(runs.filter((count) => count < 50).length).toBeLessThanOrEqual(SLOTS);
    expect(scene.worker.health()).toMatchObject({ slots: SLOTS, ended: { success: TASKS, lost: 0 } });
    await scene.worker.stop();
    await expectEmpty(scene.queue);
    console.log(`recycling (${pool}): ${cost}; ${runs.length} children, at most ${Math.max(...runs)} tasks each`);
  },
  scaledLimit(120_000),
);

test.each(POOLS)(
  `${LEAKING_TASKS} tasks that leak, through children that are replaced at 64 MB, lose none and keep the memory bounded (pool %s)`,
  async (pool) => {
    const BYTES = 256 * 1_024;
    using notes = openRunNotes();
    await using scene = await open('./fixtures/limited-tasks.js', { pool, maxMemoryPerChild: 64 * MB });
    const leak = scene.app.declareTask<typeof tasks.leak>('leak');
    const { values: held, cost } = await runAll(LEAKING_TASKS, (numbers) => leak.bulk(numbers.map((n) => [n, BYTES])));
    const runs = runsByChild(notes, LEAKING_TASKS);
    expect(runs.length).toBeGreaterThan(SLOTS);
    // The tasks leak 175 MB in all, those of a soak 500 MB and as much again for each time its load is raised.
    expect(held.reduce((most, bytes) => Math.max(most, bytes), 0)).toBeLessThanOrEqual(2 * 64 * MB + BYTES);
    expect(scene.worker.health()).toMatchObject({ slots: SLOTS, ended: { success: LEAKING_TASKS, lost: 0 } });
    await scene.worker.stop();
    await expectEmpty(scene.queue);
    const most = Math.round(held.reduce((most, bytes) => Math.max(most, bytes), 0) / MB);
    console.log(`recycling (${pool}): ${cost}; ${runs.length} children, at most ${most} MB leaked in one`);
  },
  scaledLimit(120_000),
);

test.each([...POOLS, 'async'] as const)(
  'a database pool of a task module is open for every task, and closed on recycling and on a warm stop (pool %s)',
  async (pool) => {
    using notes = openRunNotes();
    const recycling = pool === 'async' ? {} : { maxTasksPerChild: 20 };
    await using scene = await open('./fixtures/database-tasks.js', { pool, ...recycling });
    const query = scene.app.declareTask<typeof databaseTasks.query>('query');
    const { values: states } = await runAll(80, (numbers) => query.bulk(numbers.map(() => [])));
    expect(new Set(states)).toEqual(new Set(['open']));
    await scene.worker.stop();
    const lines = notes.lines();
    const children = new Set(lines.map(([, child]) => child));
    expect(children.size).toBeGreaterThan(pool === 'async' ? 0 : SLOTS);
    for (const child of children) {
      const events = lines.filter(([, by]) => by === child).map(([what]) => what);
      expect([events.at(0), events.at(-1)]).toEqual(['open', 'close']);
      expect(events.slice(1, -1).every((what) => what === 'query')).toBe(true);
    }
  },
);
