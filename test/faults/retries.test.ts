/** What becomes of tasks that are tried again when something dies or stops between the tries. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { brokerUrl, openPeer, queueState, receive } from '../support/broker.js';
import { type BrokerNode, startBrokerNode } from '../support/broker-node.js';
import { startProxy } from '../support/cutting-proxy.js';
import { scaled, scaledLimit } from './fixtures/scale.js';
import { numbers, openScene, type Scene } from './fixtures/scene.js';

const TASKS = scaled(60);
const KILLS = 3;
/** Long enough for all first tries to end, and for the broker to stop or to raise an alarm, before the second ones. */
const LONG_DELAY = { TQ_FAULTS_RETRY_DELAY: '2000' };

/** Process and attempt of every start of this task, in order. */
function startsOf(scene: Scene, id: string): [pid: number, attempt: number][] {
  return scene.journal.starts({ id }).map(({ pid, attempt }) => [pid, attempt]);
}

test.each(['quorum', 'classic'] as const)(
  'a worker killed before the copy of a retry is published has lost nothing: the try that failed runs again (%s queue)',
  async (queueType) => {
    await using proxy = await startProxy(brokerUrl());
    await using scene = await openScene({ queueType });
    const victim = await scene.worker({ url: proxy.url });
    const result = scene.tasks.failsOnce.delay(7);
    await scene.journal.entry({ event: 'started', id: result.id });
    // Publishes do not pass any more, acks would.
    expect(proxy.freeze('tq publish')).toBe(1);
    scene.journal.release(result.id);
    await victim.health(({ ended }) => ended.retry === 1);
    await victim.kill();
    proxy.cut();
    const other = await scene.worker();
    expect(await result.get(), other.log()).toBe(7);
    expect(startsOf(scene, result.id)).toEqual([
      [victim.pid, 1],
      [other.pid, 1],
      [other.pid, 2],
    ]);
  },
);

test.each(['quorum', 'classic'] as const)(
  'a worker killed between the confirm of a copy and the ack repeats tries that are recognisable: same id, same attempt (%s queue)',
  async (queueType) => {
    await using proxy = await startProxy(brokerUrl());
    await using scene = await openScene({ queueType });
    await using peer = await openPeer();
    const victim = await scene.worker({ url: proxy.url, concurrency: 1 });
    const result = scene.tasks.failsOnce.delay(7);
    await scene.journal.entry({ event: 'started', id: result.id });
    const other = await scene.worker({ concurrency: 1 });
    // Acks do not pass any more, publishes and their confirms do.
    expect(proxy.freeze('tq consume')).toBe(1);
    scene.journal.release(result.id);
    expect(await result.get(), other.log()).toBe(7);
    await victim.health(({ ended, running }) => ended.retry === 1 && running === 0);
    await victim.kill();
    proxy.cut();
    await scene.journal.until(() => startsOf(scene, result.id).length === 4);
    expect(startsOf(scene, result.id)).toEqual([
      [victim.pid, 1],
      [other.pid, 2],
      [other.pid, 1],
      [other.pid, 2],
    ]);
    await other.health(({ running }) => running === 0);
    expect(await queueState(peer, `${scene.queue}.dead`)).toMatchObject({ messages: 0 });
  },
);

test('a worker killed between the confirms of a final failure and the ack repeats the call of onFailure with the same id', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using scene = await openScene({ queueType: 'classic' });
  await using peer = await openPeer();
  const victim = await scene.worker({ url: proxy.url, concurrency: 1 });
  const onFailure = { task: 'echo', queue: 'told' };
  const result = scene.tasks.failsOnce.apply([7], { retry: false, onFailure });
  await scene.journal.entry({ event: 'started', id: result.id });
  expect(proxy.freeze('tq consume')).toBe(1);
  scene.journal.release(result.id);
  await expect(result.get()).rejects.toThrow('the first try');
  await victim.health(({ ended, running }) => ended.failure === 1 && running === 0);
  await victim.kill();
  proxy.cut();
  await scene.worker();
  const [first, second] = await receive(peer, `${scene.prefix}told`, 2);
  expect(first?.properties.headers).toMatchObject({ task: 'echo', parent_id: result.id });
  expect(second?.properties.headers).toEqual(first?.properties.headers);
});

test('a run that lost its delivery before its retry was published publishes none: the run that has the task now does', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using scene = await openScene({ queueType: 'classic' });
  const worker = await scene.worker({ url: proxy.url });
  const retried = async () => {
    const result = scene.tasks.failsOnce.delay(7);
    scene.journal.release(result.id);
    expect(await result.get(), worker.log()).toBe(7);
    return startsOf(scene, result.id).map(([, attempt]) => attempt);
  };
  // The delays are there from here on.
  expect(await retried()).toEqual([1, 2]);
  const result = scene.tasks.failsOnce.delay(8);
  await scene.journal.entry({ event: 'started', id: result.id });
  proxy.refuse();
  const down = worker.health(({ healthy }) => !healthy);
  expect(proxy.cut('tq publish')).toBe(1);
  await down;
  scene.journal.release(result.id);
  await worker.health(({ ended }) => ended.retry === 2);
  const lost = worker.health(({ queues }) => queues[0]?.attached === false);
  expect(proxy.cut('tq consume')).toBe(1);
  await lost;
  await proxy.accept();
  expect(await result.get(), worker.log()).toBe(8);
  // What waits for as long comes after it, so a second copy would have come by now.
  expect(await retried()).toEqual([1, 2]);
  expect(startsOf(scene, result.id).map(([, attempt]) => attempt)).toEqual([1, 1, 2]);
});

test(
  `workers killed ${KILLS} times in the middle of ${TASKS} tasks that fail twice each cost no result`,
  async () => {
    await using scene = await openScene({ queueType: 'classic' });
    await using peer = await openPeer();
    const [, ...victims] = await Promise.all(numbers(KILLS + 1).map(() => scene.worker({ concurrency: 2 })));
    const results = await scene.tasks.fails.bulk(numbers(TASKS).map((n) => [n, 2, 5]));
    for (const victim of victims) {
      await scene.journal.until(() => scene.journal.starts({ pid: victim.pid }).length >= 5);
      await victim.kill();
    }
    expect(await Promise.all(results.map((result) => result.get()))).toEqual(numbers(TASKS));
    for (const { id } of results) {
      const attempts = new Set(startsOf(scene, id).map(([, attempt]) => attempt));
      expect(attempts).toEqual(new Set([1, 2, 3]));
    }
    expect(await queueState(peer, `${scene.queue}.dead`)).toMatchObject({ messages: 0 });
  },
  scaledLimit(120_000),
);

let node: BrokerNode;

beforeAll(async () => {
  node = await startBrokerNode();
});

afterAll(() => node.stop());

/** Calls tasks whose first try fails, and resolves when all of them wait in the broker. */
async function waitingTasks(scene: Scene) {
  const worker = await scene.worker({ env: LONG_DELAY });
  const results = await scene.tasks.fails.bulk(numbers(TASKS).map((n) => [n, 1]));
  await worker.health(({ ended, running }) => ended.retry === TASKS && running === 0);
  return { worker, results };
}

test(
  `a broker that is restarted while ${TASKS} retries wait in it loses none, and what it brings twice is the same try`,
  async () => {
    await using scene = await openScene({ url: node.url });
    const { worker, results } = await waitingTasks(scene);
    await node.restart();
    expect(await Promise.all(results.map((result) => result.get())), worker.log()).toEqual(numbers(TASKS));
    // Between its levels RabbitMQ delivers at least once: what it had not confirmed to itself it brings again.
    for (const { id } of results) {
      expect(new Set(startsOf(scene, id).map(([, attempt]) => attempt))).toEqual(new Set([1, 2]));
    }
  },
  scaledLimit(120_000),
);

test(
  `a memory alarm while ${TASKS} retries become due costs no result and repeats none`,
  async () => {
    await using scene = await openScene({ url: node.url, queueType: 'classic' });
    const { worker, results } = await waitingTasks(scene);
    const held = scene.tasks.hold.delay(-1);
    await scene.journal.entry({ event: 'started', id: held.id });
    await node.setMemoryAlarm(true);
    // Its reply is published during the alarm for certain, by which the broker blocks the connection.
    scene.journal.release(held.id);
    await worker.health(({ blocked }) => blocked);
    await node.setMemoryAlarm(false);
    expect(await Promise.all(results.map((result) => result.get())), worker.log()).toEqual(numbers(TASKS));
    expect(await held.get()).toBe(-1);
    expect(scene.journal.starts({ task: 'fails' })).toHaveLength(2 * TASKS);
  },
  scaledLimit(120_000),
);
