import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RabbitServer, startRabbit } from '../support/rabbitmq.js';
import { scaled, scaledLimit } from './fixtures/scale.js';
import { numbers, openScene } from './fixtures/scene.js';

const TASKS = scaled(2_000);

let rabbit: RabbitServer;

beforeAll(async () => {
  rabbit = await startRabbit();
});

afterAll(() => rabbit.stop());

test.each([
  ['restarted', 'quorum', () => rabbit.restart()],
  ['restarted', 'classic', () => rabbit.restart()],
  ['killed and started again', 'quorum', () => rabbit.kill().then(() => rabbit.startAgain())],
] as const)(
  `RabbitMQ %s in the middle of ${TASKS} tasks costs no result (%s queue): caller and worker come back by themselves`,
  async (_, queueType, interrupt) => {
    await using scene = await openScene({ url: rabbit.url, queueType });
    const worker = await scene.worker();
    const { echo } = scene.tasks;
    const early = numbers(TASKS / 2).map((n) => echo.delay(n));
    // Half of the calls are made while the broker goes, is away and comes back, and none of them is confirmed yet.
    await scene.journal.until((entries) => entries.length >= TASKS / 10);
    const interrupted = interrupt();
    const ids: string[] = [];
    const late = numbers(TASKS / 2).map((n) => {
      const taskId = `${scene.prefix}${n}`;
      ids.push(taskId);
      return echo.apply([n + TASKS / 2], { taskId });
    });
    await interrupted;

    const values = await Promise.all([...early, ...late].map((result) => result.get()));
    expect(values, worker.log()).toEqual(numbers(TASKS));
    expect(await worker.health(({ healthy }) => healthy)).toMatchObject({ state: 'running' });
    const runs = scene.journal.starts();
    expect(new Set(runs.map(({ id }) => id))).toEqual(new Set([...early.map(({ id }) => id), ...ids]));
    console.log({ runs: runs.length });
  },
  scaledLimit(60_000),
);
