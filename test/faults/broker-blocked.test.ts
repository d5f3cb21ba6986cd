import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openPeer, queueState } from '../support/broker.js';
import { type RabbitServer, startRabbit } from '../support/rabbitmq.js';
import { scaled, scaledLimit } from './fixtures/scale.js';
import { numbers, openScene } from './fixtures/scene.js';

const TASKS = scaled(500);

let rabbit: RabbitServer;

beforeAll(async () => {
  rabbit = await startRabbit();
});

afterEach(() => rabbit.setMemoryAlarm(false));

afterAll(() => rabbit.stop());

test(
  `a memory alarm set and cleared in the middle of ${TASKS} tasks costs no result and repeats none`,
  async () => {
    await using scene = await openScene({ url: rabbit.url });
    const worker = await scene.worker();
    const early = await scene.tasks.echo.bulk(numbers(TASKS / 2).map((n) => [n, 20]));
    await scene.journal.until((entries) => entries.length >= TASKS / 10);
    await rabbit.setMemoryAlarm(true);
    // The broker blocks a connection with the first publish that it sees on it during the alarm.
    const late = numbers(TASKS / 2).map((n) => scene.tasks.echo.delay(n + TASKS / 2));
    await worker.health(({ blocked }) => blocked);
    await rabbit.setMemoryAlarm(false);
    const results = [...early, ...late];
    expect(await Promise.all(results.map((result) => result.get())), worker.log()).toEqual(numbers(TASKS));
    expect(await worker.health(({ healthy, running }) => healthy && running === 0)).toMatchObject({ blocked: false });
    expect(scene.journal.starts()).toHaveLength(TASKS);
  },
  scaledLimit(60_000),
);

test('while the broker is blocked a worker starts no task that must answer, and goes on with those that need not', async () => {
  await using scene = await openScene({ url: rabbit.url });
  const slots = 2;
  const worker = await scene.worker({ queues: { tq: slots, silent: 1 } });
  const silently = { queue: 'silent', ignoreResult: true };
  // Published before the alarm, which blocks the caller as well; the first of each queue hold the slots.
  const answering = await scene.tasks.hold.bulk(numbers(6).map((n) => [n]));
  const first = scene.tasks.hold.apply([6], silently);
  const publishing = scene.tasks.publish.apply([], silently);
  const rest = await scene.tasks.hold.bulk([[7], [8]], silently);
  await publishing.published;
  for (const { id } of [...answering.slice(0, slots), first]) await scene.journal.entry({ event: 'started', id });
  await rabbit.setMemoryAlarm(true);
  scene.journal.release(first.id);
  await worker.health(({ blocked }) => blocked);
  for (const { id } of [...answering, ...rest]) scene.journal.release(id);

  // One after the other the silent ones run, while the answers of the first ones wait for the broker in their slots.
  const health = await worker.health(({ ended }) => ended.success === slots + 4);
  expect(health).toMatchObject({ blocked: true, healthy: false });
  expect(scene.journal.starts()).toHaveLength(slots + 3);
  expect(answering.map(({ state }) => state)).toEqual(numbers(6).map(() => 'published'));
  await using peer = await openPeer(rabbit.url);
  expect(await queueState(peer, `${scene.prefix}silent`)).toMatchObject({ messages: 0 });

  await rabbit.setMemoryAlarm(false);
  expect(await Promise.all(answering.map((result) => result.get()))).toEqual(numbers(6));
  expect(scene.journal.starts()).toHaveLength(answering.length + 3);
}, 60_000);

test('a worker that is stopped while the broker is blocked ends, and what it could not answer runs elsewhere', async () => {
  await using scene = await openScene({ url: rabbit.url });
  const worker = await scene.worker({ shutdownTimeout: 100, abortGrace: 100 });
  const [first, second] = await scene.tasks.hold.bulk([[1], [2]]);
  if (first === undefined || second === undefined) throw new Error('expected two results');
  for (const { id } of [first, second]) await scene.journal.entry({ event: 'started', id });
  await rabbit.setMemoryAlarm(true);
  scene.journal.release(first.id);
  await worker.health(({ blocked }) => blocked);
  scene.journal.release(second.id);
  await worker.health(({ ended }) => ended.success === 2);
  worker.signal('SIGTERM');
  expect(await worker.ended, worker.log()).toEqual({ code: 0, signal: null });
  await rabbit.setMemoryAlarm(false);
  const other = await scene.worker();
  expect([await first.get(), await second.get()]).toEqual([1, 2]);
  expect(scene.journal.starts({ id: second.id }).map(({ pid }) => pid)).toEqual([worker.pid, other.pid]);
}, 60_000);
