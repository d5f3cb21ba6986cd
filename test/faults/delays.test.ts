import { afterAll, beforeAll, expect, test } from 'vitest';
import { sharedBroker } from '../support/broker.js';
import { type BrokerNode, startBrokerNode } from '../support/broker-node.js';
import { numbers, openScene, type Scene } from './fixtures/scene.js';

/** An hour in units of 100 ms, at the 10 ms of a scene: six minutes. */
const HOUR_MS = process.env.TQ_TEST_LONG === '1' ? 360_000 : undefined;
/** Else longer than two starts of the broker, some 5 s each for RabbitMQ. */
const COUNTDOWN_MS = HOUR_MS ?? (sharedBroker().kind === 'rabbitmq' ? 14_400 : 4_800);
/** When the broker is restarted for the first time. */
const MIDDLE_MS = HOUR_MS === undefined ? 0 : HOUR_MS / 2;
const LIMIT_MS = 2 * COUNTDOWN_MS + 120_000;
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
    const value = await result.get({ timeout: LIMIT_MS });
    return { value, early: Date.now() < (etas[n] as Date).getTime(), runs: result.id };
  });
}

test(
  'tasks that wait survive a broker that is restarted, then killed, and every worker, and come when they are due',
  async () => {
    await using quorum = await openScene({ url: node.url });
    await using classic = await openScene({ url: node.url, queueType: 'classic' });
    const scenes = [quorum, classic];
    const workers = await Promise.all(scenes.map((scene) => scene.worker()));
    const middle = quorum.tasks.echo.apply([-1], { countdown: MIDDLE_MS });
    const called = await Promise.all(scenes.map(callLater));
    await middle.get({ timeout: LIMIT_MS });
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
      // RabbitMQ's levels pass a message on at least once: what was not confirmed when it was killed comes again.
      const most = sharedBroker().kind === 'rabbitmq' ? 2 : 1;
      for (const { runs } of ends) expect(journal.starts({ id: runs }).length).toBeLessThanOrEqual(most);
    }
  },
  LIMIT_MS,
);
