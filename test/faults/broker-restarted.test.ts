import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BrokerNode, startBrokerNode } from '../support/broker-node.js';
import { scaledLimit, soaked } from './fixtures/scale.js';
import { numbers, openScene, type Scene } from './fixtures/scene.js';
import type { WorkerProcess } from './fixtures/worker-process.js';

const TASKS = soaked(600, 2_000);
const LIMIT = scaledLimit(120_000);

let node: BrokerNode;

beforeAll(async () => {
  node = await startBrokerNode();
});

afterAll(() => node.stop());

/**
 * RabbitMQ that is killed within moments of a declaration forgets a durable queue, which no client can mend. That the
 * declarations are on disk first is all that sets this apart from any crash.
 */
async function killAndStartAgain(): Promise<void> {
  await node.declarationsKept();
  await node.kill();
  await node.startAgain();
}

/** As a user restarts it: the process ends. */
async function haltAndStartAgain(): Promise<void> {
  await node.halt();
  await node.startAgain();
}

/**
 * Half of the calls are made before the broker goes, the other half while it is away: these wait in the caller. Expects
 * every result, under the ids that the calls had from the start, and both sides attached again.
 */
async function expectAllResults(scene: Scene, worker: WorkerProcess, interrupt: () => Promise<void>): Promise<void> {
  const before = scene.journal.entries.length;
  const { echo } = scene.tasks;
  const early = numbers(TASKS / 2).map((n) => echo.delay(n));
  await scene.journal.until((entries) => entries.length - before >= TASKS / 10);
  const interrupted = interrupt();
  await worker.health(({ healthy }) => !healthy);
  const late = numbers(TASKS / 2).map((n) => echo.delay(n + TASKS / 2));
  const results = [...early, ...late];
  const ids = new Set(results.map(({ id }) => id));
  await interrupted;
  expect(await Promise.all(results.map((result) => result.get())), worker.log()).toEqual(numbers(TASKS));
  await worker.health(({ healthy, running }) => healthy && running === 0);
  const runs = scene.journal.entries.slice(before);
  expect(new Set(runs.map(({ id }) => id))).toEqual(ids);
}

test(
  `a broker restarted, then killed and started again, each in the middle of ${TASKS} tasks, costs no result`,
  async () => {
    await using scene = await openScene({ url: node.url });
    const worker = await scene.worker();
    await expectAllResults(scene, worker, haltAndStartAgain);
    // In this order: a RabbitMQ that is killed within seconds of a quorum queue's declaration forgets the queue's content
    // (RabbitMQ writes the list of its Raft members late), and a restart writes it.
    await expectAllResults(scene, worker, killAndStartAgain);
  },
  LIMIT,
);

test(
  `a broker killed and started again in the middle of ${TASKS} tasks costs no result (classic queue)`,
  async () => {
    await using scene = await openScene({ url: node.url, queueType: 'classic' });
    const worker = await scene.worker();
    await expectAllResults(scene, worker, killAndStartAgain);
  },
  LIMIT,
);
