import { createWorker, type Worker } from '@tq/worker';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openApp } from '../e2e/fixtures/test-app.js';
import { openPeer, queueState } from '../support/broker.js';
import { type BrokerNode, startBrokerNode } from '../support/broker-node.js';
import { scaledLimit, soaked } from './fixtures/scale.js';
import { numbers, openScene } from './fixtures/scene.js';

const TASKS = soaked(150, 500);

let node: BrokerNode;

beforeAll(async () => {
  node = await startBrokerNode();
});

afterEach(() => node.setMemoryAlarm(false));

afterAll(() => node.stop());

test(
  `a memory alarm set and cleared in the middle of ${TASKS} tasks costs no result and repeats none`,
  async () => {
    await using scene = await openScene({ url: node.url });
    const worker = await scene.worker();
    const held = scene.tasks.hold.delay(TASKS);
    await scene.journal.entry({ event: 'started', id: held.id });
    const early = await scene.tasks.echo.bulk(numbers(TASKS / 2).map((n) => [n, 20]));
    await scene.journal.until((entries) => entries.length >= TASKS / 10);
    await node.setMemoryAlarm(true);
    // The broker blocks a connection with the first publish that it sees on it during the alarm.
    const late = numbers(TASKS / 2).map((n) => scene.tasks.echo.delay(n + TASKS / 2));
    // The early ones may all be done by now: this one's reply comes during the alarm for certain.
    scene.journal.release(held.id);
    await worker.health(({ blocked }) => blocked);
    await node.setMemoryAlarm(false);
    const results = [...early, ...late];
    expect(await Promise.all(results.map((result) => result.get())), worker.log()).toEqual(numbers(TASKS));
    expect(await worker.health(({ healthy, running }) => healthy && running === 0)).toMatchObject({ blocked: false });
    expect(await held.get()).toBe(TASKS);
    expect(scene.journal.starts()).toHaveLength(TASKS + 1);
  },
  scaledLimit(120_000),
);

test('while the broker is blocked a worker starts no task that must answer, and goes on with those that need not', async () => {
  await using scene = await openScene({ url: node.url });
  const worker = await scene.worker({ queues: { tq: 2, silent: 1 } });
  const { hold, publish } = scene.tasks;
  const silently = { queue: 'silent', ignoreResult: true };
  // All are published before the alarm, which blocks the caller as well. In each queue the first hold the slots.
  const mixed = hold.apply([-1], { ignoreResult: true });
  const answering = numbers(4).map((n) => hold.delay(n));
  const silent = [hold.apply([-1], silently), publish.apply([], silently), hold.apply([-1], silently)];
  await Promise.all([mixed, ...answering, ...silent].map(({ published }) => published));
  const first = [mixed, ...answering.slice(0, 1), ...silent.slice(0, 1)];
  for (const { id } of first) await scene.journal.entry({ event: 'started', id });
  await node.setMemoryAlarm(true);
  for (const { id } of silent.slice(0, 1)) scene.journal.release(id);
  await worker.health(({ blocked }) => blocked);
  for (const { id } of [mixed, ...answering, ...silent]) scene.journal.release(id);

  // The silent ones end, one after the other; the slot that the mixed one leaves stays empty.
  const health = await worker.health(({ ended }) => ended.success === 5);
  expect(health).toMatchObject({ blocked: true, healthy: false });
  expect(scene.journal.starts()).toHaveLength(4);
  expect(answering.map(({ state }) => state)).toEqual(answering.map(() => 'published'));
  await using peer = await openPeer(node.url);
  expect(await queueState(peer, `${scene.prefix}silent`)).toMatchObject({ messages: 0 });

  await node.setMemoryAlarm(false);
  expect(await Promise.all(answering.map((result) => result.get()))).toEqual(numbers(4));
  expect(scene.journal.starts()).toHaveLength(7);
});

test('a worker that is stopped while the broker is blocked ends, and what it could not answer runs elsewhere', async () => {
  await using scene = await openScene({ url: node.url });
  const worker = await scene.worker({ shutdownTimeout: 100, abortGrace: 100 });
  const [first, second] = await scene.tasks.hold.bulk([[1], [2]]);
  if (first === undefined || second === undefined) throw new Error('expected two results');
  for (const { id } of [first, second]) await scene.journal.entry({ event: 'started', id });
  await node.setMemoryAlarm(true);
  scene.journal.release(first.id);
  await worker.health(({ blocked }) => blocked);
  scene.journal.release(second.id);
  await worker.health(({ ended }) => ended.success === 2);
  worker.signal('SIGTERM');
  expect(await worker.ended, worker.log()).toEqual({ code: 0, signal: null });
  await node.setMemoryAlarm(false);
  const other = await scene.worker();
  expect([await first.get(), await second.get()]).toEqual([1, 2]);
  expect(scene.journal.starts({ id: second.id }).map(({ pid }) => pid)).toEqual([worker.pid, other.pid]);
});

test('while the broker is blocked events wait for it until their deadline, and subscribers go on with what they have', async () => {
  await using scene = openApp({ url: node.url });
  const { app } = scene;
  const releases: (() => void)[] = [];
  const handled: unknown[] = [];
  let holding = true;
  app.subscribe(
    'a',
    async (payload) => {
      if (holding) await new Promise<void>((resolve) => void releases.push(resolve));
      handled.push(payload);
    },
    { group: 'g' },
  );
  await using worker = createWorker(app, { pool: 'async', queues: [], concurrency: 1, prefetchMultiplier: 4 });
  await worker.start();
  const started = begun(worker);
  const event = app.event('a');
  await Promise.all([1, 2, 3].map((n) => event.publish(n)));
  await started;
  await node.setMemoryAlarm(true);
  const waiting = event.publish(4);
  await expect(event.publish(5, { deadline: 300 })).rejects.toMatchObject({ code: 'publish-timeout' });
  expect(worker.health().blocked).toBe(true);
  for (const n of [1, 2, 3]) {
    const next = n === 3 ? ended(worker) : begun(worker);
    releases.pop()?.();
    await next;
  }
  expect(handled).toEqual([1, 2, 3]);
  // The one that was given up may have been written, and come all the same.
  holding = false;
  const last = ended(worker);
  await node.setMemoryAlarm(false);
  await waiting;
  await last;
});

/** Resolves when a task starts, and has let its handler begin. */
async function begun(worker: Worker): Promise<void> {
  await new Promise((resolve) => worker.on('task:started', resolve));
  await new Promise(setImmediate);
}

function ended(worker: Worker): Promise<unknown> {
  return new Promise((resolve) => worker.on('task:succeeded', resolve));
}
