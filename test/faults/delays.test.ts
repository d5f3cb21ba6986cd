import { afterAll, beforeAll, expect, test } from 'vitest';
import { sharedBroker } from '../support/broker.js';
import { type BrokerNode, startBrokerNode } from '../support/broker-node.js';
import { numbers, openScene, type Scene } from './fixtures/scene.js';

/** Longer than two starts of the broker, some 5 s each for RabbitMQ. */
const COUNTDOWN_MS = sharedBroker().kind === 'rabbitmq' ? 14_400 : 4_800;
const TASKS = 25;

let node: BrokerNode;

beforeAll(async () => {
  node = await startBrokerNode();
});

afterAll(() => node.stop());

/** Calls that are due one after the other, all of them far away. */
async function callLater({ tasks }: Scene) {
  const etas = numbers(TASKS).map((n) => new Date(Date.now() + COUNTDOWN_MS + 20 * n));
  const results = etas.map((eta, n) => tasks.echo.apply([n], { eta }));
  await Promise.all(results.map((result) => result.published));
  return results.map(async (result, n) => {
    const value = await result.get();
    return { value, early: Date.now() < (etas[n] as Date).getTime(), runs: result.id };
  });
}

test('tasks that wait survive a broker that is restarted, then killed, and every worker, and come when they are due', async () => {
  await using quorum = await openScene({ url: node.url });
  await using classic = await openScene({ url: node.url, queueType: 'classic' });
  const scenes = [quorum, classic];
  const workers = await Promise.all(scenes.map((scene) => scene.worker()));
  const called = await Promise.all(scenes.map(callLater));
  await node.restart();
  await Promise.all(workers.map((worker) => worker.kill()));
  await node.declarationsKept();
  await node.kill();
  await node.startAgain();
  await Promise.all(scenes.map((scene) => scene.worker()));
  for (const [index, { journal }] of scenes.entries()) {
    const ends = await Promise.all(called[index] ?? []);
    expect(ends.map(({ value, early }) => ({ value, early }))).toEqual(
      numbers(TASKS).map((value) => ({ value, early: false })),
    );
    for (const { runs } of ends) expect(journal.starts({ id: runs })).toHaveLength(1);
  }
}, 120_000);
